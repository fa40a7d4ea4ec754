// SPDX-License-Identifier: Apache-2.0
#include "florence/training/micro_batch.h"

#include <algorithm>

namespace arno::florence {

std::vector<RowPart> parts_of(int64_t count, int64_t most, int64_t number) {
  std::vector<RowPart> parts;
  const int64_t needed = count == 0 ? 0 : (count + most - 1) / most;
  for (int64_t i = needed; i < number; ++i) parts.push_back({.length = 1, .counts = false});
  for (int64_t start = 0; start < count; start += most) {
    parts.push_back({.start = start, .length = std::min(most, count - start)});
  }
  return parts;
}

std::vector<Turn> turns_of(size_t images, size_t texts) {
  const size_t rounds = std::max(images, texts);
  std::vector<Turn> turns;
  for (size_t i = 0; i < rounds; ++i) {
    if (i + images >= rounds) turns.push_back({Tower::image, i + images - rounds});
    if (i + texts >= rounds) turns.push_back({Tower::text, i + texts - rounds});
  }
  return turns;
}

size_t MicroBatch::size_bytes() const {
  size_t bytes = keys.size() * sizeof(RandomKey);
  for (const ops::Tensor* tensor : {&input, &texts.tokens, &texts.positions, &texts.offsets}) {
    if (tensor->defined()) bytes += tensor->size_bytes();
  }
  return bytes;
}

namespace {

MicroBatch part_of(const TrainingBatch& batch, Tower tower, const RowPart& rows) {
  MicroBatch part{.tower = tower, .step = batch.step};
  if (tower == Tower::text) {
    part.texts = batch.texts.slice(rows.start, rows.length);
    return part;
  }
  part.input = batch.images.narrow(rows.start, rows.length);
  const auto first = batch.keys.begin() + rows.start;
  part.keys.assign(first, first + rows.length);
  return part;
}

}  // namespace

std::vector<MicroBatch> micro_batches_of(const TrainingBatch& batch, int64_t micro_batch) {
  const bool in_parts = is_in_parts(batch.size(), micro_batch);
  const auto parts = [&](int64_t rows) { return parts_of(rows, in_parts ? micro_batch : rows); };
  const std::vector<RowPart> images = parts(batch.size());
  const std::vector<RowPart> texts = parts(batch.texts.count());
  std::vector<MicroBatch> out;
  for (const bool taped : {false, true}) {
    if (!taped && !in_parts) continue;
    for (const Turn& turn : turns_of(images.size(), texts.size())) {
      const std::vector<RowPart>& of = turn.tower == Tower::image ? images : texts;
      out.push_back(part_of(batch, turn.tower, of[turn.part]));
      out.back().number = static_cast<int64_t>(turn.part);
      out.back().count = static_cast<int64_t>(of.size());
      out.back().taped = taped;
    }
  }
  return out;
}

}  // namespace arno::florence

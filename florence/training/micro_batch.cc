// SPDX-License-Identifier: Apache-2.0
#include "florence/training/micro_batch.h"

#include <algorithm>

namespace arno::florence {

std::vector<RowPart> parts_of(int64_t count, int64_t most, int64_t number) {
  std::vector<RowPart> parts;
  const int64_t needed = (count + most - 1) / most;
  for (int64_t i = needed; i < number; ++i) parts.push_back({.length = 1, .counts = false});
  for (int64_t start = 0; start < count; start += most) {
    parts.push_back({.start = start, .length = std::min(most, count - start)});
  }
  return parts;
}

size_t MicroBatch::size_bytes() const {
  size_t bytes = keys.size() * sizeof(RandomKey);
  for (const ops::Tensor* tensor : {&input, &texts.tokens, &texts.positions, &texts.offsets}) {
    if (tensor->defined()) bytes += tensor->size_bytes();
  }
  return bytes;
}

std::vector<MicroBatch> micro_batches_of(const TrainingBatch& batch, Tower tower,
                                         int64_t micro_batch) {
  const bool in_parts = is_in_parts(batch.size(), micro_batch);
  const int64_t rows = tower == Tower::image ? batch.size() : batch.texts.count();
  const std::vector<RowPart> parts = parts_of(rows, in_parts ? micro_batch : rows);
  std::vector<MicroBatch> out;
  for (const bool taped : {false, true}) {
    if (!taped && !in_parts) continue;
    for (size_t i = 0; i < parts.size(); ++i) {
      const auto [start, length, counts] = parts[i];
      MicroBatch part{.tower = tower,
                      .step = batch.step,
                      .number = static_cast<int64_t>(i),
                      .count = static_cast<int64_t>(parts.size()),
                      .taped = taped};
      if (tower == Tower::image) {
        part.input = batch.images.narrow(start, length);
        const auto first = batch.keys.begin() + start;
        part.keys.assign(first, first + length);
      } else {
        part.texts = batch.texts.slice(start, length);
      }
      out.push_back(std::move(part));
    }
  }
  return out;
}

}  // namespace arno::florence

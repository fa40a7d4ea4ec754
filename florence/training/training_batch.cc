// SPDX-License-Identifier: Apache-2.0
#include "florence/training/training_batch.h"

#include "common/numbering.h"

namespace arno::florence {
namespace {

template <class T>
std::vector<T> slice(const std::vector<T>& values, int64_t start, int64_t length) {
  return {values.begin() + start, values.begin() + start + length};
}

/// Fills texts and text_rows of `part` with what rows [start, start + length) of `whole` use.
void take_texts(const TrainingBatch& whole, int64_t start, int64_t length, TrainingBatch& part) {
  const auto rows = whole.text_rows.data<int32_t>().subspan(start, length);
  const auto tokens = whole.texts.tokens.data<int32_t>();
  const auto offsets = whole.texts.offsets.data<int32_t>();
  Numbering<int32_t> used;
  std::vector<int32_t> numbers;
  for (const int32_t row : rows) numbers.push_back(used.number(row));
  std::vector<std::vector<int32_t>> texts;
  for (const int32_t text : used.values()) {
    texts.emplace_back(tokens.begin() + offsets[text], tokens.begin() + offsets[text + 1]);
  }
  part.texts = pack_texts(texts);
  part.text_rows = ops::Tensor::from<int32_t>({length}, numbers);
}

}  // namespace

TrainingBatch rows_of(const TrainingBatch& batch, int64_t start, int64_t length) {
  ARNO_CHECK(start >= 0 && length >= 1 && start + length <= batch.size(), Errc::invalid_argument,
             "[rows_of] {} rows from {} of {}", length, start, batch.size());
  TrainingBatch part{.step = batch.step, .images = batch.images.narrow(start, length)};
  take_texts(batch, start, length, part);
  part.labels = slice(batch.labels, start, length);
  part.keys = slice(batch.keys, start, length);
  if (!batch.read_at.empty()) part.read_at = slice(batch.read_at, start, length);
  return part;
}

}  // namespace arno::florence

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "common/item_tag.h"
#include "common/random.h"
#include "florence/towers/packed_texts.h"
#include "ops/core/tensor.h"

namespace arno::florence {

/// N triplets (image, text, label) of one optimiser step (Florence, section 2.2).
struct TrainingBatch {
  int64_t step = 0;             ///< from 0
  ops::Tensor images;           ///< f32 [N, S, S, 3], normalised
  PackedTexts texts;            ///< each distinct text once
  ops::Tensor text_rows;        ///< i32 [N]: which of `texts` belongs to each image
  std::vector<int32_t> labels;  ///< [N]: equal labels are positives of each other
  std::vector<RandomKey> keys;  ///< [N]: of each sample, for what is drawn inside the model
  /// [N] or empty: when each sample was read, for latencies.
  std::vector<std::chrono::steady_clock::time_point> read_at;

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

/// Rows [start, start + length) as a batch of their own, with the texts that they use. Labels and
/// keys are those of the whole batch.
TrainingBatch rows_of(const TrainingBatch& batch, int64_t start, int64_t length);

inline ItemTag item_tag(const TrainingBatch& batch) { return {.step = batch.step + 1}; }

}  // namespace arno::florence

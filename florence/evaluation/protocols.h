// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ops/core/tensor.h"

namespace arno::florence {

/// Zero-shot classification: the class whose embedding is nearest.
struct ZeroShotResult {
  int64_t images = 0;
  int64_t skipped = 0;  ///< samples that could not be used
  double top1 = 0;
  double top5 = 0;
  double mean_per_class = 0;           ///< mean over the classes' top-1
  std::vector<double> class_accuracy;  ///< top-1 of each class; NaN for one without images
};

/// Image features [N, D], class features [K, D] (unit rows, f32), labels [N] in [0, K). A tie
/// counts against the model. Throws shape_mismatch, or invalid_argument for a label out of range.
ZeroShotResult zero_shot_accuracy(const ops::Tensor& images, const ops::Tensor& classes,
                                  std::span<const int64_t> labels);

/// Recall at 1, 5 and 10, as the retrieval benchmarks count it: the share of queries with at least
/// one right answer among the k nearest.
struct Recall {
  static constexpr std::array<int64_t, 3> kRanks{1, 5, 10};
  int64_t queries = 0;
  int64_t candidates = 0;
  std::array<double, 3> at{};
  std::array<double, 3> chance{};  ///< what a random order would reach, exactly
};

/// What a query found.
struct NearestCandidates {
  int64_t rank = 0;                 ///< from 0: how many candidates are ahead of the best right one
  std::vector<int32_t> candidates;  ///< nearest first
};

/// The `count` candidates nearest to one query, [1, D] against [N, D]. `right`: those that belong
/// to it, at least one.
NearestCandidates nearest_candidates(const ops::Tensor& query, const ops::Tensor& candidates,
                                     std::span<const int32_t> right, int64_t count);

/// Retrieval both ways.
struct RetrievalResult {
  int64_t skipped = 0;  ///< samples that could not be used
  Recall image_to_text;
  Recall text_to_image;
};

/// Image features [N, D], text features [M, D]; `pairs`: (image, text) indices that belong
/// together, any number for each; a repeated pair counts once. Images or texts without a pair are
/// candidates, not queries.
RetrievalResult retrieval_recall(const ops::Tensor& images, const ops::Tensor& texts,
                                 std::span<const std::pair<int32_t, int32_t>> pairs);

}  // namespace arno::florence

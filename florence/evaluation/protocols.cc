// SPDX-License-Identifier: Apache-2.0
#include "florence/evaluation/protocols.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "ops/autograd/variable.h"
#include "ops/nn/linear.h"

namespace arno::florence {
namespace {

constexpr int64_t kRowBlock = 1024;

/// Calls visit(row, similarities) for each query against all candidates, a block at a time.
template <class Visit>
void for_each_row(const ops::Tensor& queries, const ops::Tensor& candidates, Visit visit) {
  const ops::NoGrad no_grad;
  const ops::Variable weight(candidates);
  for (int64_t start = 0; start < queries.dim(0); start += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, queries.dim(0) - start);
    const ops::Variable scores =
        ops::linear(ops::Variable(queries.narrow(start, rows)), weight, {});
    for (int64_t row = 0; row < rows; ++row) {
      visit(start + row, scores.value().narrow(row, 1).data<float>());
    }
  }
}

/// How many candidates are at least as near as the best right one, itself not counted.
int64_t rank_of_best(std::span<const float> scores, std::span<const int32_t> right) {
  float best = -std::numeric_limits<float>::infinity();
  for (const int32_t candidate : right) best = std::max(best, scores[candidate]);
  const auto ahead = std::ranges::count_if(scores, [best](float s) { return !(s < best); });
  const auto tied_right =
      std::ranges::count_if(right, [&](int32_t candidate) { return !(scores[candidate] < best); });
  return ahead - tied_right;
}

/// Chance that k draws without replacement from n candidates hit one of `right` right ones.
double chance_of_hit(int64_t n, int64_t right, int64_t k) {
  double miss = 1;
  for (int64_t i = 0; i < std::min(k, n); ++i) {
    miss *= std::max(0.0, static_cast<double>(n - right - i)) / static_cast<double>(n - i);
  }
  return 1 - miss;
}

/// Keeps each candidate once.
void drop_repeats(std::vector<std::vector<int32_t>>& right) {
  for (std::vector<int32_t>& candidates : right) {
    std::ranges::sort(candidates);
    const auto repeats = std::ranges::unique(candidates);
    candidates.erase(repeats.begin(), repeats.end());
  }
}

Recall recall(const ops::Tensor& queries, const ops::Tensor& candidates,
              const std::vector<std::vector<int32_t>>& right) {
  Recall out{.candidates = candidates.dim(0)};
  for_each_row(queries, candidates, [&](int64_t query, std::span<const float> scores) {
    if (right[query].empty()) return;
    ++out.queries;
    const int64_t rank = rank_of_best(scores, right[query]);
    for (size_t i = 0; i < Recall::kRanks.size(); ++i) {
      out.at[i] += rank < Recall::kRanks[i] ? 1 : 0;
      out.chance[i] += chance_of_hit(out.candidates, static_cast<int64_t>(right[query].size()),
                                     Recall::kRanks[i]);
    }
  });
  for (size_t i = 0; i < Recall::kRanks.size(); ++i) {
    out.at[i] /= static_cast<double>(std::max<int64_t>(1, out.queries));
    out.chance[i] /= static_cast<double>(std::max<int64_t>(1, out.queries));
  }
  return out;
}

}  // namespace

ZeroShotResult zero_shot_accuracy(const ops::Tensor& images, const ops::Tensor& classes,
                                  std::span<const int64_t> labels) {
  const int64_t class_count = classes.dim(0);
  ARNO_CHECK(static_cast<int64_t>(labels.size()) == images.dim(0), Errc::shape_mismatch,
             "[zero_shot] {} labels for {} images", labels.size(), images.dim(0));
  for (const int64_t label : labels) {
    ARNO_CHECK(label >= 0 && label < class_count, Errc::invalid_argument,
               "[zero_shot] found label {}, expected one from 0 to {}", label, class_count - 1);
  }
  ZeroShotResult out{.images = images.dim(0)};
  std::vector<int64_t> hits(class_count);
  std::vector<int64_t> seen(class_count);
  int64_t top5 = 0;
  for_each_row(images, classes, [&](int64_t image, std::span<const float> scores) {
    const auto label = static_cast<int32_t>(labels[image]);
    const int64_t rank = rank_of_best(scores, std::span(&label, 1));
    ++seen[label];
    hits[label] += rank == 0 ? 1 : 0;
    top5 += rank < 5 ? 1 : 0;
  });
  int64_t classes_seen = 0;
  int64_t top1 = 0;
  for (int64_t k = 0; k < class_count; ++k) {
    top1 += hits[k];
    out.class_accuracy.push_back(seen[k] == 0
                                     ? std::numeric_limits<double>::quiet_NaN()
                                     : static_cast<double>(hits[k]) / static_cast<double>(seen[k]));
    if (seen[k] == 0) continue;
    ++classes_seen;
    out.mean_per_class += out.class_accuracy.back();
  }
  const auto count = static_cast<double>(std::max<int64_t>(1, out.images));
  out.top1 = static_cast<double>(top1) / count;
  out.top5 = static_cast<double>(top5) / count;
  out.mean_per_class /= static_cast<double>(std::max<int64_t>(1, classes_seen));
  return out;
}

NearestCandidates nearest_candidates(const ops::Tensor& query, const ops::Tensor& candidates,
                                     std::span<const int32_t> right, int64_t count) {
  NearestCandidates out;
  for_each_row(query, candidates, [&](int64_t, std::span<const float> scores) {
    out.rank = rank_of_best(scores, right);
    out.candidates.resize(scores.size());
    std::iota(out.candidates.begin(), out.candidates.end(), 0);
    const auto nearer = [&](int32_t a, int32_t b) {
      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    };
    const auto kept = std::min<int64_t>(count, static_cast<int64_t>(scores.size()));
    std::ranges::partial_sort(out.candidates, out.candidates.begin() + kept, nearer);
    out.candidates.resize(kept);
  });
  return out;
}

RetrievalResult retrieval_recall(const ops::Tensor& images, const ops::Tensor& texts,
                                 std::span<const std::pair<int32_t, int32_t>> pairs) {
  std::vector<std::vector<int32_t>> texts_of(images.dim(0));
  std::vector<std::vector<int32_t>> images_of(texts.dim(0));
  for (const auto& [image, text] : pairs) {
    ARNO_CHECK(image >= 0 && image < images.dim(0) && text >= 0 && text < texts.dim(0),
               Errc::invalid_argument, "[retrieval] pair ({}, {}) outside {} images and {} texts",
               image, text, images.dim(0), texts.dim(0));
    texts_of[image].push_back(text);
    images_of[text].push_back(image);
  }
  drop_repeats(texts_of);
  drop_repeats(images_of);
  return {.image_to_text = recall(images, texts, texts_of),
          .text_to_image = recall(texts, images, images_of)};
}

}  // namespace arno::florence

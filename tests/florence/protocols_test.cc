// SPDX-License-Identifier: Apache-2.0
#include "florence/evaluation/protocols.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "common/error.h"
#include "common/random.h"

namespace arno::florence {
namespace {

using Pairs = std::vector<std::pair<int32_t, int32_t>>;

ops::Tensor unit_rows(int64_t rows, int64_t width, uint64_t seed) {
  Random random{RandomKey(seed)};
  ops::Tensor out = ops::Tensor::empty({rows, width}, ops::DType::f32);
  for (int64_t i = 0; i < rows; ++i) {
    std::vector<double> row(width);
    double square = 0;
    for (double& x : row) {
      x = random.normal();
      square += x * x;
    }
    for (int64_t k = 0; k < width; ++k) {
      out.mutable_data<float>()[i * width + k] = static_cast<float>(row[k] / std::sqrt(square));
    }
  }
  return out;
}

double dot(const ops::Tensor& a, int64_t i, const ops::Tensor& b, int64_t j) {
  const auto x = a.narrow(i, 1).data<float>();
  const auto y = b.narrow(j, 1).data<float>();
  double sum = 0;
  for (size_t k = 0; k < x.size(); ++k) sum += static_cast<double>(x[k]) * y[k];
  return sum;
}

/// Candidates from the nearest to the farthest.
std::vector<int32_t> order_of(const ops::Tensor& queries, int64_t query,
                              const ops::Tensor& candidates) {
  std::vector<int32_t> order(candidates.dim(0));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  std::ranges::stable_sort(order, [&](int32_t a, int32_t b) {
    return dot(queries, query, candidates, a) > dot(queries, query, candidates, b);
  });
  return order;
}

/// Share of queries with a right candidate among the k nearest, by sorting. `right[i]` may be
/// empty: then i is no query.
double naive_recall(const ops::Tensor& queries, const ops::Tensor& candidates,
                    const std::vector<std::set<int32_t>>& right, int64_t k) {
  double hits = 0;
  double count = 0;
  for (int64_t i = 0; i < queries.dim(0); ++i) {
    if (right[i].empty()) continue;
    ++count;
    const auto order = order_of(queries, i, candidates);
    hits += std::any_of(order.begin(), order.begin() + std::min<int64_t>(k, order.size()),
                        [&](int32_t candidate) { return right[i].contains(candidate); });
  }
  return hits / count;
}

TEST(RetrievalTest, RecallIsThatOfSorting) {
  const ops::Tensor images = unit_rows(60, 6, 1);
  const ops::Tensor texts = unit_rows(45, 6, 2);
  Pairs pairs;
  std::vector<std::set<int32_t>> texts_of(60);
  std::vector<std::set<int32_t>> images_of(45);
  Random random{RandomKey(3)};
  for (int i = 0; i < 90; ++i) {
    const auto image = static_cast<int32_t>(random.below(55));  // the last five have no text
    const auto text = static_cast<int32_t>(random.below(45));
    pairs.emplace_back(image, text);
    texts_of[image].insert(text);
    images_of[text].insert(image);
  }

  const auto result = retrieval_recall(images, texts, pairs);

  EXPECT_EQ(result.image_to_text.candidates, 45);
  EXPECT_EQ(result.text_to_image.candidates, 60);
  EXPECT_LE(result.image_to_text.queries, 55);
  for (size_t i = 0; i < Recall::kRanks.size(); ++i) {
    const int64_t k = Recall::kRanks[i];
    EXPECT_DOUBLE_EQ(result.image_to_text.at[i], naive_recall(images, texts, texts_of, k)) << k;
    EXPECT_DOUBLE_EQ(result.text_to_image.at[i], naive_recall(texts, images, images_of, k)) << k;
  }
}

TEST(RetrievalTest, TiesCountAgainstTheModel) {
  // All the same: the right text is behind every wrong one, so only the 10 nearest of 8 hold it.
  const ops::Tensor same = ops::Tensor::full({8, 2}, ops::DType::f32, std::sqrt(0.5));
  const auto result = retrieval_recall(same, same, Pairs{{0, 0}, {1, 1}, {2, 2}});
  EXPECT_THAT(result.image_to_text.at, ::testing::ElementsAre(0, 0, 1));
  EXPECT_THAT(result.text_to_image.at, ::testing::ElementsAre(0, 0, 1));
  // Right texts that tie with each other are not in each other's way.
  const auto every = retrieval_recall(same.narrow(0, 1), same.narrow(0, 2), Pairs{{0, 0}, {0, 1}});
  EXPECT_EQ(every.image_to_text.at[0], 1);
}

TEST(RetrievalTest, RepeatedPairChangesNothing) {
  const ops::Tensor images = unit_rows(12, 2, 4);
  const ops::Tensor texts = unit_rows(12, 2, 5);
  Pairs once;
  for (int32_t i = 0; i < 12; ++i) once.emplace_back(i, i);
  Pairs often = once;
  for (int repeat = 0; repeat < 3; ++repeat) often.insert(often.end(), once.begin(), once.end());

  const auto a = retrieval_recall(images, texts, once);
  const auto b = retrieval_recall(images, texts, often);

  EXPECT_EQ(a.image_to_text.at, b.image_to_text.at);
  EXPECT_EQ(a.text_to_image.at, b.text_to_image.at);
  EXPECT_EQ(a.image_to_text.chance, b.image_to_text.chance);
  EXPECT_EQ(a.text_to_image.chance, b.text_to_image.chance);
}

TEST(RetrievalTest, FeaturesThatAreNotFiniteFindNothing) {
  const ops::Tensor images =
      ops::Tensor::full({20, 2}, ops::DType::f32, std::numeric_limits<double>::quiet_NaN());
  const auto result = retrieval_recall(images, unit_rows(20, 2, 6), Pairs{{0, 0}, {1, 1}});
  EXPECT_THAT(result.image_to_text.at, ::testing::Each(0));
}

TEST(RetrievalTest, ChanceIsWhatRandomOrdersReach) {
  constexpr int kRounds = 20000;
  constexpr int64_t kTexts = 13;
  const Pairs pairs{{0, 0}, {0, 1}, {0, 2}, {1, 3}};
  Random random{RandomKey(7)};
  std::array<double, 3> hits{};
  for (int round = 0; round < kRounds; ++round) {
    std::vector<int32_t> order(kTexts);
    for (int64_t i = 0; i < kTexts; ++i) order[i] = static_cast<int32_t>(i);
    for (int64_t i = kTexts - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
    for (size_t r = 0; r < 3; ++r) {
      const auto end = order.begin() + Recall::kRanks[r];
      hits[r] += std::any_of(order.begin(), end, [](int32_t text) { return text < 3; });
      hits[r] += std::any_of(order.begin(), end, [](int32_t text) { return text == 3; });
    }
  }

  const auto result = retrieval_recall(unit_rows(2, 4, 8), unit_rows(kTexts, 4, 9), pairs);

  for (size_t r = 0; r < 3; ++r) {
    EXPECT_NEAR(result.image_to_text.chance[r], hits[r] / (2 * kRounds), 0.01);
  }
  EXPECT_DOUBLE_EQ(result.image_to_text.chance[0], (3.0 / 13 + 1.0 / 13) / 2);
  EXPECT_DOUBLE_EQ(result.text_to_image.chance[2], 1);  // two images
}

TEST(RetrievalTest, RefusesPairsOutOfRange) {
  const ops::Tensor rows = unit_rows(3, 2, 1);
  EXPECT_THROW(retrieval_recall(rows, rows, Pairs{{0, 3}}), Error);
  EXPECT_THROW(retrieval_recall(rows, rows, Pairs{{-1, 0}}), Error);
}

TEST(ZeroShotTest, AccuracyIsThatOfSorting) {
  constexpr int64_t kImages = 1100;  // more than one block of rows
  const ops::Tensor images = unit_rows(kImages, 5, 11);
  const ops::Tensor classes = unit_rows(9, 5, 12);
  Random random{RandomKey(13)};
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < kImages; ++i) labels.push_back(static_cast<int64_t>(random.below(8)));
  double top1 = 0;
  double top5 = 0;
  std::vector<double> hits(9);
  std::vector<double> seen(9);
  for (int64_t i = 0; i < kImages; ++i) {
    const auto order = order_of(images, i, classes);
    top1 += order[0] == labels[i];
    top5 += std::find(order.begin(), order.begin() + 5, labels[i]) != order.begin() + 5;
    hits[labels[i]] += order[0] == labels[i];
    ++seen[labels[i]];
  }

  const auto result = zero_shot_accuracy(images, classes, labels);

  EXPECT_EQ(result.images, kImages);
  EXPECT_DOUBLE_EQ(result.top1, top1 / kImages);
  EXPECT_DOUBLE_EQ(result.top5, top5 / kImages);
  double mean = 0;
  for (int64_t k = 0; k < 8; ++k) {
    EXPECT_DOUBLE_EQ(result.class_accuracy[k], hits[k] / seen[k]);
    mean += hits[k] / seen[k] / 8;
  }
  EXPECT_TRUE(std::isnan(result.class_accuracy[8]));
  EXPECT_NEAR(result.mean_per_class, mean, 1e-12);
}

TEST(ZeroShotTest, TiesCountAgainstTheModel) {
  const ops::Tensor rows = ops::Tensor::full({6, 2}, ops::DType::f32, std::sqrt(0.5));
  const auto result = zero_shot_accuracy(rows, rows, std::vector<int64_t>{0, 1, 2, 3, 4, 5});
  EXPECT_EQ(result.top1, 0);
  EXPECT_EQ(result.top5, 0);
}

TEST(ZeroShotTest, RefusesLabelsThatDoNotFit) {
  const ops::Tensor rows = unit_rows(2, 2, 1);
  EXPECT_THROW(zero_shot_accuracy(rows, rows, std::vector<int64_t>{0, 2}), Error);
  EXPECT_THROW(zero_shot_accuracy(rows, rows, std::vector<int64_t>{0, -1}), Error);
  EXPECT_THROW(zero_shot_accuracy(rows, rows, std::vector<int64_t>{0}), Error);
}

}  // namespace
}  // namespace arno::florence

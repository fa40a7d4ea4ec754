// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/unicl_loss.h"

#include <gmock/gmock.h>
#include <omp.h>

#include <cstring>
#include <numeric>

#include "ops/comm/local_group.h"
#include "tests/ops/naive_attention.h"
#include "tests/support/replicas.h"

namespace arno::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// s_ij = e^a u_i . v_j.
std::vector<std::vector<double>> similarities(const Tensor& image, const Tensor& text, double a) {
  const int64_t n = image.dim(0), d = image.dim(1);
  std::vector<std::vector<double>> s(n, std::vector<double>(n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t c = 0; c < d; ++c) {
        s[i][j] += std::exp(a) * image.data<double>()[i * d + c] * text.data<double>()[j * d + c];
      }
    }
  }
  return s;
}

/// One direction of Florence, Eq. 2 and 3, summed over the batch.
double direction(const std::vector<std::vector<double>>& s, std::span<const int32_t> labels,
                 bool image_to_text) {
  const size_t n = labels.size();
  const auto at = [&](size_t i, size_t k) { return image_to_text ? s[i][k] : s[k][i]; };
  double loss = 0;
  for (size_t i = 0; i < n; ++i) {
    double denominator = 0, sum = 0, positives = 0;
    for (size_t j = 0; j < n; ++j) denominator += std::exp(at(i, j));
    for (size_t k = 0; k < n; ++k) {
      if (labels[k] != labels[i]) continue;
      ++positives;
      sum += std::log(std::exp(at(i, k)) / denominator);
    }
    loss -= sum / positives;
  }
  return loss;
}

double florence_loss(const Tensor& image, const Tensor& text, std::span<const int32_t> labels,
                     double a) {
  const auto s = similarities(image, text, a);
  return (direction(s, labels, true) + direction(s, labels, false)) /
         (2 * static_cast<double>(labels.size()));
}

/// [n, d] with unit rows.
Tensor unit_rows(int64_t n, int64_t d, uint64_t key) {
  Tensor out = exact_normal({n, d}, key);
  for (int64_t i = 0; i < n; ++i) {
    const auto row = out.mutable_data<double>().subspan(i * d, d);
    double square = 0;
    for (const double value : row) square += value * value;
    for (double& value : row) value /= std::sqrt(square);
  }
  return out.to(DType::f32).to(DType::f64);
}

std::vector<int32_t> modulo_labels(int64_t n, int64_t kinds) {
  std::vector<int32_t> out;
  for (int64_t i = 0; i < n; ++i) out.push_back(static_cast<int32_t>((i * 5 + i / 3) % kinds));
  return out;
}

constexpr double kClip = 2.6592600369327779;  // log(1 / 0.07), where CLIP starts

TEST(UniclLossTest, EqualsTheFormulaOfThePaper) {
  for (const auto& [n, kinds] :
       std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {7, 3}, {150, 40}}) {
    const Tensor image = unit_rows(n, 19, 1), text = unit_rows(n, 19, 2);
    const std::vector<int32_t> labels = modulo_labels(n, kinds);
    const double expected = florence_loss(image, text, labels, kClip);

    const double in_f64 = unicl_loss_and_gradient(image, text, labels, kClip).loss;
    const double in_f32 = unicl_loss_and_gradient(image.to(DType::f32), text.to(DType::f32), labels,
                                                  kClip, {.row_block = 64})
                              .loss;

    EXPECT_NEAR(in_f64, expected, 1e-12) << n;
    EXPECT_NEAR(in_f32, expected, 2e-6) << n;
  }
}

// Radford et al. 2021, figure 3: the mean of two cross entropies against the diagonal.
TEST(UniclLossTest, DistinctLabelsGiveTheLossOfClip) {
  const int64_t n = 33;
  const Tensor image = unit_rows(n, 16, 3), text = unit_rows(n, 16, 4);
  const auto s = similarities(image, text, kClip);
  double clip = 0;
  for (int64_t i = 0; i < n; ++i) {
    double row = 0, column = 0;
    for (int64_t j = 0; j < n; ++j) {
      row += std::exp(s[i][j]);
      column += std::exp(s[j][i]);
    }
    clip += (std::log(row) - s[i][i] + std::log(column) - s[i][i]) / static_cast<double>(2 * n);
  }

  const UniclLossResult found =
      unicl_loss_and_gradient(image, text, modulo_labels(n, n * 6), kClip);

  EXPECT_NEAR(found.loss, clip, 1e-12);
  EXPECT_EQ(found.floor, 0);
}

TEST(UniclLossTest, PerfectFeaturesReachTheFloor) {
  const std::vector<int32_t> labels{3, 3, 3, 8, 8, 1};
  Tensor features = Tensor::zeros({6, 10}, DType::f32);
  for (int64_t i = 0; i < 6; ++i) features.mutable_data<float>()[i * 10 + labels[i]] = 1;

  const UniclLossResult found =
      unicl_loss_and_gradient(features, features, labels, std::log(100.0));

  EXPECT_NEAR(found.floor, (3 * std::log(3.0) + 2 * std::log(2.0)) / 6, 1e-15);
  EXPECT_NEAR(found.loss, found.floor, 1e-5);
  const Tensor none = Tensor::zeros({6, 10}, DType::f32);
  EXPECT_LE(largest_distance(found.grad_image, none), 1e-4);
  EXPECT_LE(largest_distance(found.grad_text, none), 1e-4);
  EXPECT_NEAR(found.grad_log_temperature, 0, 1e-4);
}

TEST(UniclLossTest, LossIsNeverBelowTheFloor) {
  const std::vector<int32_t> labels = modulo_labels(60, 9);
  for (uint64_t key = 0; key < 20; ++key) {
    const UniclLossResult found = unicl_loss_and_gradient(
        unit_rows(60, 8, 100 + key), unit_rows(60, 8, 200 + key), labels, kClip);
    EXPECT_GT(found.loss, found.floor) << key;
  }
}

TEST(UniclLossTest, RowBlockChangesRoundingOnly) {
  const Tensor image = unit_rows(130, 24, 5).to(DType::f32);
  const Tensor text = unit_rows(130, 24, 6).to(DType::f32);
  const std::vector<int32_t> labels = modulo_labels(130, 50);
  const UniclLossResult whole = unicl_loss_and_gradient(image, text, labels, kClip);

  for (const int64_t row_block : {1, 7, 64, 129}) {
    const UniclLossResult found =
        unicl_loss_and_gradient(image, text, labels, kClip, {.row_block = row_block});

    EXPECT_NEAR(found.loss, whole.loss, 1e-6) << row_block;
    EXPECT_EQ(found.floor, whole.floor) << row_block;
    EXPECT_LE(largest_distance(found.grad_image, whole.grad_image), 1e-6) << row_block;
    EXPECT_LE(largest_distance(found.grad_text, whole.grad_text), 1e-6) << row_block;
    EXPECT_NEAR(found.grad_log_temperature, whole.grad_log_temperature, 1e-6) << row_block;
  }
}

TEST(UniclLossTest, SameBitsForAnyNumberOfThreads) {
  const Tensor image = unit_rows(300, 24, 5), text = unit_rows(300, 24, 6);
  const auto run = [&](int threads) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    const UniclLossResult out = unicl_loss_and_gradient(image, text, modulo_labels(300, 80), kClip);
    omp_set_num_threads(before);
    return out;
  };

  const UniclLossResult one = run(1), three = run(3);

  EXPECT_EQ(one.loss, three.loss);
  EXPECT_EQ(one.grad_log_temperature, three.grad_log_temperature);
  EXPECT_EQ(std::memcmp(one.grad_text.raw(), three.grad_text.raw(), one.grad_text.size_bytes()), 0);
}

// At the largest temperature of CLIP opposite features are e^-200 apart.
TEST(UniclLossTest, GradientAtHighTemperatureMatchesF64) {
  const Tensor image = unit_rows(40, 4, 7), text = unit_rows(40, 4, 8);
  const std::vector<int32_t> labels = modulo_labels(40, 15);
  const double a = std::log(100.0);

  const UniclLossResult expected = unicl_loss_and_gradient(image, text, labels, a);
  const UniclLossResult found =
      unicl_loss_and_gradient(image.to(DType::f32), text.to(DType::f32), labels, a);

  EXPECT_NEAR(found.loss, expected.loss, 1e-4 * expected.loss);
  EXPECT_LE(largest_distance(found.grad_image, expected.grad_image), 1e-4);
  EXPECT_LE(largest_distance(found.grad_text, expected.grad_text), 1e-4);
  EXPECT_NEAR(found.grad_log_temperature, expected.grad_log_temperature, 1e-3);
}

TEST(UniclLossTest, RejectsWhatDoesNotFit) {
  const auto error = [](const Shape& image, const Shape& text, DType dtype, size_t labels,
                        int64_t row_block) {
    return error_of([&] {
      unicl_loss_and_gradient(Tensor::zeros(image, dtype), Tensor::zeros(text, dtype),
                              std::vector<int32_t>(labels), 0, {.row_block = row_block});
    });
  };

  EXPECT_THAT(error({0, 4}, {0, 4}, DType::f32, 0, 8), HasSubstr("image has shape [0, 4]"));
  EXPECT_THAT(error({3, 4}, {3, 5}, DType::f32, 3, 8), HasSubstr("text has shape [3, 5]"));
  EXPECT_THAT(error({3, 4}, {3, 4}, DType::bf16, 3, 8), HasSubstr("dtype bf16"));
  EXPECT_THAT(error({3, 4}, {3, 4}, DType::f32, 2, 8), HasSubstr("2 labels for 3 images"));
  EXPECT_THAT(error({3, 4}, {3, 4}, DType::f32, 3, 0), HasSubstr("row_block 0"));
}

TEST(AssignLabelsTest, NumbersTextsByFirstAppearance) {
  const Hash128 a{1, 2}, b{2, 2}, c{1, 3};  // a shares a half with each of the others

  EXPECT_THAT(assign_labels(std::vector{b, a, b, c, a}), ElementsAre(0, 1, 0, 2, 1));
  EXPECT_THAT(assign_labels({}), IsEmpty());
}

TEST(UniclLossTest, RanksOfAGroupComputeTheLossOfTheWholeBatch) {
  constexpr int64_t kRows = 12, kWidth = 16;
  std::vector<int32_t> labels;
  for (int32_t i = 0; i < kRows; ++i) labels.push_back(i % 5);
  const Tensor image = unit_rows(kRows, kWidth, 1), text = unit_rows(kRows, kWidth, 2);
  for (const DType dtype : {DType::f64, DType::f32}) {
    const UniclLossResult whole =
        unicl_loss_and_gradient(image.to(dtype), text.to(dtype), labels, 2.5);
    const double tolerance = dtype == DType::f64 ? 1e-14 : 1e-6;
    for (const int64_t size : {1, 2, 3, 4}) {
      const auto group = local_group(size);
      const int64_t rows = kRows / size;
      std::vector<double> temperature_shares(size);
      arno::testing::on_each_rank(size, [&](int64_t rank) {
        const auto own = [&](const Tensor& of_all) { return of_all.narrow(rank * rows, rows); };
        const UniclLossResult part = unicl_loss_and_gradient(
            own(image.to(dtype)), own(text.to(dtype)), std::span(labels).subspan(rank * rows, rows),
            2.5, *group[rank], {.row_block = 2});
        EXPECT_NEAR(part.loss, whole.loss, tolerance);
        EXPECT_EQ(part.floor, whole.floor);
        EXPECT_LT(largest_distance(part.grad_image, own(whole.grad_image)), tolerance);
        EXPECT_LT(largest_distance(part.grad_text, own(whole.grad_text)), tolerance);
        temperature_shares[rank] = part.grad_log_temperature;
      });
      EXPECT_NEAR(std::accumulate(temperature_shares.begin(), temperature_shares.end(), 0.0),
                  whole.grad_log_temperature, tolerance);
    }
  }
}

}  // namespace
}  // namespace arno::ops

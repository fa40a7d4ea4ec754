// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/layer_norm.h"

#include <gmock/gmock.h>

#include <cmath>

namespace arno::ops {
namespace {

/// One row, in double.
std::vector<double> normalised(std::span<const float> x, double eps) {
  double mean = 0, variance = 0;
  for (const float value : x) mean += value / x.size();
  for (const float value : x) variance += (value - mean) * (value - mean) / x.size();
  std::vector<double> out;
  for (const float value : x) out.push_back((value - mean) / std::sqrt(variance + eps));
  return out;
}

Variable filled(const Shape& shape, double value, DType dtype = DType::f32) {
  return Variable(Tensor::full(shape, dtype, value));
}

TEST(LayerNormTest, MatchesReferenceForLongRows) {
  constexpr int64_t kCols = 2051;
  Random random{RandomKey(1)};
  const Tensor x = random_normal({3, kCols}, random, 3).to(DType::f32);

  const Variable y = layer_norm(Variable(x), filled({kCols}, 2), filled({kCols}, -1));

  for (int64_t row = 0; row < 3; ++row) {
    const auto expected = normalised(x.narrow(row, 1).data<float>(), 1e-5);
    const auto found = y.value().narrow(row, 1).data<float>();
    for (int64_t i = 0; i < kCols; ++i) ASSERT_NEAR(found[i], 2 * expected[i] - 1, 1e-5) << i;
  }
}

// 1000 and its bf16 neighbours: a variance taken as mean(x^2) - mean(x)^2 would lose all digits.
TEST(LayerNormTest, KeepsASmallVarianceAroundALargeMean) {
  std::vector<float> values;
  for (int i = 0; i < 64; ++i) values.push_back(1000.0f + 4.0f * static_cast<float>(i % 3));
  const Tensor x = Tensor::from<float>({1, 64}, values);
  const auto expected = normalised(values, 1e-5);

  const Variable y = layer_norm(Variable(x.to(DType::bf16)), filled({64}, 1), filled({64}, 0));

  const Tensor found = y.value().to(DType::f32);
  for (int i = 0; i < 64; ++i) EXPECT_NEAR(found.data<float>()[i], expected[i], 6e-3) << i;
}

TEST(LayerNormTest, AddsEpsToTheVariance) {
  const Variable x(Tensor::from<float>({1, 2}, std::vector<float>{-1, 1}));

  const Variable y = layer_norm(x, filled({2}, 1), filled({2}, 0), {.eps = 3});

  EXPECT_FLOAT_EQ(y.value().data<float>()[1], 0.5f);
}

TEST(LayerNormTest, ParameterGradientsStayF32) {
  Random random{RandomKey(2)};
  const Variable x(random_normal({200, 16}, random).to(DType::bf16), true);
  const Variable weight(Tensor::full({16}, DType::f32, 1), true);
  const Variable bias(Tensor::zeros({16}, DType::f32), true);

  backward(layer_norm(x, weight, bias), Tensor::full({200, 16}, DType::bf16, 1));

  EXPECT_EQ(x.grad().dtype(), DType::bf16);
  EXPECT_EQ(weight.grad().dtype(), DType::f32);
  // 200 rows are four blocks: one that is lost or counted twice would show.
  for (const float grad : bias.grad().data<float>()) EXPECT_EQ(grad, 200);
}

TEST(LayerNormTest, RejectsWeightOfWrongLength) {
  const Variable x = filled({2, 3, 8}, 1);

  try {
    layer_norm(x, filled({7}, 1), filled({8}, 0));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::shape_mismatch);
    EXPECT_STREQ(error.what(), "[layer_norm] weight has shape [7], expected [8]");
  }
}

}  // namespace
}  // namespace arno::ops

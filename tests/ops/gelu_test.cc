// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/gelu.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace arno::ops {
namespace {

/// From -12 to 12 in steps of 0.0005.
Tensor sweep() {
  std::vector<float> values;
  for (int i = -24000; i <= 24000; ++i) values.push_back(static_cast<float>(i) * 5e-4F);
  return Tensor::from<float>({static_cast<int64_t>(values.size())}, values);
}

struct Curve {
  double value, slope;
};

Curve exact_gelu(double x) {
  const double cdf = 0.5 * std::erfc(-x / std::numbers::sqrt2);
  const double pdf = std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
  return {.value = x * cdf, .slope = cdf + x * pdf};
}

Curve exact_quick_gelu(double x) {
  const double gate = 1 / (1 + std::exp(-1.702 * x));
  return {.value = x * gate, .slope = gate + 1.702 * x * gate * (1 - gate)};
}

void expect_curve(Variable (*op)(const Variable&), Curve (*exact)(double), double tolerance) {
  const Variable x(sweep(), true);
  const Variable y = op(x);
  backward(y, Tensor::full(y.shape(), DType::f32, 1));

  for (int64_t i = 0; i < x.value().numel(); ++i) {
    const float at = x.value().data<float>()[i];
    const Curve expected = exact(at);
    ASSERT_NEAR(y.value().data<float>()[i], expected.value, tolerance) << at;
    ASSERT_NEAR(x.grad().data<float>()[i], expected.slope, tolerance) << at;
  }
}

TEST(GeluTest, MatchesTheExactCurve) { expect_curve(gelu, exact_gelu, 1e-6); }

TEST(GeluTest, QuickVersionMatchesItsCurve) { expect_curve(quick_gelu, exact_quick_gelu, 1.5e-6); }

TEST(GeluTest, PassesNanOn) {
  const Variable x(Tensor::full({3}, DType::f32, std::numeric_limits<double>::quiet_NaN()));

  EXPECT_TRUE(std::isnan(gelu(x).value().data<float>()[0]));
  EXPECT_TRUE(std::isnan(quick_gelu(x).value().data<float>()[0]));
}

}  // namespace
}  // namespace arno::ops

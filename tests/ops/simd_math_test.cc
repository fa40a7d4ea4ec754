// SPDX-License-Identifier: Apache-2.0
#include "ops/core/detail/simd_math.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace arno::ops::detail {
namespace {

TEST(SimdMathTest, ExpIsPreciseOverTheNormalRange) {
  for (int i = -8700; i <= 8800; ++i) {
    const float x = static_cast<float>(i) * 0.01F;
    const double expected = std::exp(static_cast<double>(x));
    ASSERT_NEAR(fast_exp(x) / expected, 1, 2e-7) << x;
  }
}

TEST(SimdMathTest, ExpIsCutAtTheEnds) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();

  EXPECT_EQ(fast_exp(kInfinity), fast_exp(88.0F));
  EXPECT_EQ(fast_exp(-kInfinity), fast_exp(-87.3F));
  EXPECT_LT(fast_exp(-kInfinity), 2e-38F);
}

TEST(SimdMathTest, ExpOfZeroIsOne) { EXPECT_EQ(fast_exp(0.0F), 1.0F); }

TEST(SimdMathTest, ErfAndGaussArePrecise) {
  for (int i = -7000; i <= 7000; ++i) {
    const float x = static_cast<float>(i) * 0.001F;
    const auto [erf, gauss] = fast_erf(x);
    const auto wide = static_cast<double>(x);
    ASSERT_NEAR(erf, std::erf(wide), 4e-7) << x;
    ASSERT_NEAR(gauss, std::exp(-wide * wide), 2e-7) << x;
  }
}

TEST(SimdMathTest, ErfReachesItsLimits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();

  EXPECT_EQ(fast_erf(kInfinity).erf, 1.0F);
  EXPECT_EQ(fast_erf(-kInfinity).erf, -1.0F);
}

TEST(SimdMathTest, NanStaysNan) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

  EXPECT_TRUE(std::isnan(fast_exp(kNan)));
  EXPECT_TRUE(std::isnan(fast_erf(kNan).erf));
}

}  // namespace
}  // namespace arno::ops::detail

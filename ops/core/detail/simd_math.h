// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

// Functions of f32 that compilers turn into vector code, which they cannot with the standard
// library's. Errors were measured against double over the whole range.
namespace arno::ops::detail {

/// e^x; relative error below 2e-7. Cut at the ends of the normal range.
inline float fast_exp(float x) {
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;  // few bits, so that n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  x = std::min(std::max(x, -87.3F), 88.0F);
  const float shifted = x * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  // Taylor to the 7th power: |r| <= ln(2) / 2.
  float p = 1.0F / 5040;
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  // The low bits of `shifted` hold n; a NaN stays one, which a conversion to int would not allow.
  const uint32_t exponent = (std::bit_cast<uint32_t>(shifted) << 23) + (127U << 23);
  return p * std::bit_cast<float>(exponent);
}

/// e^x as a term of a softmax, x <= 0 being the distance to the largest exponent: 0 below e^-60,
/// which no sum in f32 can tell from it. Products with smaller terms leave the normal range, where
/// arithmetic is a hundred times slower.
inline float softmax_exp(float x) { return x < -60.0F ? 0.0F : fast_exp(x); }

/// e^(-x^2) and erf(x), which GELU and its slope both need; absolute error of erf below 4e-7.
struct ErfAndGauss {
  float erf;
  float gauss;
};

/// erf(|x|) = 1 - e^(-x^2) * P(t), t = 1 / (1 + |x| / 2), the form of Abramowitz and Stegun 7.1.26
/// with a polynomial of degree 7 fitted by least squares on [0, 5.6].
inline ErfAndGauss fast_erf(float x) {
  const float magnitude = std::abs(x);
  const float t = 1.0F / (1.0F + 0.5F * magnitude);
  float p = 0.0707647726F;
  p = p * t + -0.276132673F;
  p = p * t + 0.238112062F;
  p = p * t + 0.184760228F;
  p = p * t + 0.20359771F;
  p = p * t + 0.298914433F;
  p = p * t + 0.279983491F;
  const float gauss = fast_exp(-x * x);
  const float erf = 1.0F - p * t * gauss;
  return {.erf = std::copysign(erf, x), .gauss = gauss};
}

}  // namespace arno::ops::detail

// SPDX-License-Identifier: Apache-2.0
#include "ops/core/init.h"

#include <gmock/gmock.h>
#include <omp.h>

#include <cmath>
#include <cstring>

namespace arno::ops {
namespace {

struct Moments {
  double mean = 0, deviation = 0, low = 0, high = 0;
};

Moments moments_of(const Tensor& tensor) {
  Moments out;
  const auto n = static_cast<double>(tensor.numel());
  for (const float value : tensor.data<float>()) {
    out.mean += value / n;
    out.low = std::min<double>(out.low, value);
    out.high = std::max<double>(out.high, value);
  }
  for (const float value : tensor.data<float>()) {
    out.deviation += (value - out.mean) * (value - out.mean) / n;
  }
  out.deviation = std::sqrt(out.deviation);
  return out;
}

TEST(InitTest, TruncNormalHasItsMoments) {
  Tensor x = Tensor::empty({200, 500}, DType::f32);
  fill_trunc_normal(x, 0.02, RandomKey(1));

  const Moments found = moments_of(x);
  EXPECT_NEAR(found.mean, 0, 3e-4);
  EXPECT_NEAR(found.deviation, 0.02, 3e-4);
}

TEST(InitTest, TruncNormalIsCutAtTwo) {
  Tensor x = Tensor::empty({20000}, DType::f32);
  fill_trunc_normal(x, 2.0, RandomKey(1));

  const Moments found = moments_of(x);
  EXPECT_GE(found.low, -2.0);
  EXPECT_LE(found.high, 2.0);
  EXPECT_GT(found.high, 1.99);
}

TEST(InitTest, KaimingUniformFillsItsRange) {
  Tensor x = Tensor::empty({20000}, DType::f32);
  fill_kaiming_uniform(x, 16, RandomKey(2));

  const Moments found = moments_of(x);
  EXPECT_GE(found.low, -0.25);
  EXPECT_LE(found.high, 0.25);
  EXPECT_NEAR(found.deviation, 0.5 / std::sqrt(12.0), 2e-3);
}

TEST(InitTest, ValuesDoNotDependOnThreads) {
  const int before = omp_get_max_threads();
  Tensor one = Tensor::empty({30011}, DType::f32);
  Tensor several = Tensor::empty({30011}, DType::f32);

  omp_set_num_threads(1);
  fill_trunc_normal(one, 0.02, RandomKey(5));
  omp_set_num_threads(3);
  fill_trunc_normal(several, 0.02, RandomKey(5));
  omp_set_num_threads(before);

  EXPECT_EQ(std::memcmp(one.raw(), several.raw(), one.size_bytes()), 0);
}

TEST(InitTest, KeysGiveOtherValues) {
  Tensor a = Tensor::empty({8}, DType::f32);
  Tensor b = Tensor::empty({8}, DType::f32);
  fill_uniform(a, 0, 1, RandomKey(5));
  fill_uniform(b, 0, 1, RandomKey(6));

  EXPECT_NE(std::memcmp(a.raw(), b.raw(), a.size_bytes()), 0);
}

TEST(InitTest, RejectsWhatWouldNotEnd) {
  Tensor x = Tensor::empty({1}, DType::f32);

  EXPECT_THROW(fill_trunc_normal(x, 1e9, RandomKey(1)), Error);
  EXPECT_THROW(fill_trunc_normal(x, NAN, RandomKey(1)), Error);
  EXPECT_THROW(fill_kaiming_uniform(x, 0, RandomKey(1)), Error);
}

}  // namespace
}  // namespace arno::ops

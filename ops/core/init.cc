// SPDX-License-Identifier: Apache-2.0
#include "ops/core/init.h"

#include <cmath>

#include "ops/core/parallel.h"

namespace arno::ops {
namespace {

constexpr double kCut = 2;
constexpr int64_t kGrain = 1 << 12;

/// element i = draw(its own stream).
template <class Draw>
void fill(Tensor& tensor, RandomKey key, Draw draw) {
  float* to = tensor.mutable_data<float>().data();
  parallel_for(tensor.numel(), kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Random random(key.child(static_cast<uint64_t>(i)));
      to[i] = static_cast<float>(draw(random));
    }
  });
}

}  // namespace

void fill_trunc_normal(Tensor& tensor, double std, RandomKey key) {
  ARNO_CHECK(std >= 0 && std <= kCut, Errc::invalid_argument,
             "[init] found standard deviation {}, expected one from 0 to {}", std, kCut);
  fill(tensor, key, [std](Random& random) {
    double value = std * random.normal();
    while (std::abs(value) > kCut) value = std * random.normal();
    return value;
  });
}

void fill_uniform(Tensor& tensor, double low, double high, RandomKey key) {
  fill(tensor, key, [low, high](Random& random) { return random.uniform(low, high); });
}

void fill_kaiming_uniform(Tensor& tensor, int64_t fan_in, RandomKey key) {
  ARNO_CHECK(fan_in >= 1, Errc::invalid_argument, "[init] found fan_in {}, expected at least 1",
             fan_in);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  fill_uniform(tensor, -bound, bound, key);
}

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#include "ops/core/init.h"

#include <cmath>

namespace arno::ops {

void fill_trunc_normal(Tensor& tensor, double std, RandomKey key) {
  constexpr double kCut = 2;
  Random random(key);
  for (float& value : tensor.mutable_data<float>()) {
    double draw = std * random.normal();
    while (std::abs(draw) > kCut) draw = std * random.normal();
    value = static_cast<float>(draw);
  }
}

void fill_kaiming_uniform(Tensor& tensor, int64_t fan_in, RandomKey key) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  Random random(key);
  for (float& value : tensor.mutable_data<float>()) {
    value = static_cast<float>(random.uniform(-bound, bound));
  }
}

}  // namespace arno::ops

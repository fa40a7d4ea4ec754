// SPDX-License-Identifier: Apache-2.0
#include "ops/core/op_def.h"

namespace arno::ops {

Tensor random_normal(const Shape& shape, Random& random, double scale) {
  Tensor out = Tensor::empty(shape, DType::f64);
  for (double& value : out.mutable_data<double>()) value = scale * random.normal();
  return out;
}

}  // namespace arno::ops

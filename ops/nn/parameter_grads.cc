// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/detail/parameter_grads.h"

#include "ops/math/detail/column_sum.h"
#include "ops/math/detail/elementwise.h"
#include "ops/math/detail/gemm.h"

namespace arno::ops::detail {

void add_to_sum(Tensor& sum, const Tensor& more) {
  if (!sum.defined()) {
    sum = more;
    return;
  }
  visit_float(sum.dtype(), [&]<class T>(TypeTag<T>) {
    map<T>(sum, more, sum, [](auto a, auto b) { return a + b; });
  });
}

void ParameterGrads::add_linear(const Tensor& x, const Tensor& grad_y) {
  const bool first = !weight.defined();
  if (first) {
    weight = Tensor::empty({grad_y.dim(1), x.dim(1)}, accumulator_of(x.dtype()), x.device());
  }
  gemm({.a = grad_y, .b = x, .transpose_a = true, .out = weight, .add = !first});
  add_to_sum(bias, column_sum(grad_y));
}

void ParameterGrads::add(const Tensor& more_weight, const Tensor& more_bias) {
  add_to_sum(weight, more_weight);
  add_to_sum(bias, more_bias);
}

}  // namespace arno::ops::detail

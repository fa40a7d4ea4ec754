// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// The gradients of parameters, summed over chunks of rows in the order in which they come.
struct ParameterGrads {
  Tensor weight, bias;  ///< in the accumulator's dtype; undefined before the first chunk

  /// Adds those of y = x weight^T + bias, with x [R, K], grad_y [R, N], weight [N, K].
  void add_linear(const Tensor& x, const Tensor& grad_y);
  /// Adds these.
  void add(const Tensor& more_weight, const Tensor& more_bias);
};

/// sum += more; the first time it becomes `more`, which nobody else may hold.
void add_to_sum(Tensor& sum, const Tensor& more);

}  // namespace arno::ops::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// Rows whose weight and bias gradients are summed before the blocks are: fixed, so that the
/// sums do not depend on the number of threads.
constexpr int64_t kLayerNormBlockRows = 64;

/// x and y [rows, C]; the others f32, or f64 with x.
struct LayerNormForward {
  Tensor x, weight, bias;
  double eps;
  Tensor y;
  Tensor mean, rstd;  ///< [rows]
};

struct LayerNormBackward {
  Tensor x, weight, mean, rstd, grad_y;
  Tensor grad_x;
  /// [blocks, 2 C]: the sums of grad_weight, then of grad_bias, over each block of rows.
  Tensor grad_parameters;
};

/// Runs the kernels of a device on x [rows, C]. weight and bias [C] in the accumulator's dtype.
LayerNormForward layer_norm_rows(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                 double eps);

/// The gradients of weight and bias [C], in the accumulator's dtype.
struct LayerNormGrads {
  Tensor weight, bias;
};
/// Writes grad_x, which may be grad_y. `mean` and `rstd` are those of layer_norm_rows().
LayerNormGrads layer_norm_rows_backward(const Tensor& x, const Tensor& weight, const Tensor& mean,
                                        const Tensor& rstd, const Tensor& grad_y,
                                        const Tensor& grad_x);

using LayerNormForwardKernel = void(LayerNormForward&);
using LayerNormBackwardKernel = void(LayerNormBackward&);

}  // namespace arno::ops::detail

namespace arno::ops::reference {
detail::LayerNormForwardKernel layer_norm_forward;
detail::LayerNormBackwardKernel layer_norm_backward;
}  // namespace arno::ops::reference
namespace arno::ops::cpu {
detail::LayerNormForwardKernel layer_norm_forward;
detail::LayerNormBackwardKernel layer_norm_backward;
}  // namespace arno::ops::cpu
namespace arno::ops::cuda {
[[gnu::weak]] detail::LayerNormForwardKernel layer_norm_forward;
[[gnu::weak]] detail::LayerNormBackwardKernel layer_norm_backward;
}  // namespace arno::ops::cuda

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// The extents of a convolution. All but B are >= 1.
struct Conv2dDims {
  int64_t B, H, W, C;
  int64_t O, kh, kw;
  int64_t Ho, Wo;
  int64_t stride, padding;
};

/// x [B, H, W, C], weight [O, C, kh, kw] in x's dtype, bias [O] in the accumulator's or
/// undefined, y [B, Ho, Wo, O].
struct Conv2dForward {
  Conv2dDims dims;
  Tensor x, weight, bias, y;
};

struct Conv2dBackwardData {
  Conv2dDims dims;
  Tensor grad_y, weight, grad_x;
};

/// grad_weight is in the accumulator's dtype.
struct Conv2dBackwardWeights {
  Conv2dDims dims;
  Tensor x, grad_y, grad_weight;
};

using Conv2dForwardKernel = void(Conv2dForward&);
using Conv2dBackwardDataKernel = void(Conv2dBackwardData&);
using Conv2dBackwardWeightsKernel = void(Conv2dBackwardWeights&);

}  // namespace arno::ops::detail

namespace arno::ops::reference {
detail::Conv2dForwardKernel conv2d_forward;
detail::Conv2dBackwardDataKernel conv2d_backward_data;
detail::Conv2dBackwardWeightsKernel conv2d_backward_weights;
}  // namespace arno::ops::reference
namespace arno::ops::cpu {
detail::Conv2dForwardKernel conv2d_forward;
detail::Conv2dBackwardDataKernel conv2d_backward_data;
detail::Conv2dBackwardWeightsKernel conv2d_backward_weights;
}  // namespace arno::ops::cpu
namespace arno::ops::cuda {
[[gnu::weak]] detail::Conv2dForwardKernel conv2d_forward;
[[gnu::weak]] detail::Conv2dBackwardDataKernel conv2d_backward_data;
[[gnu::weak]] detail::Conv2dBackwardWeightsKernel conv2d_backward_weights;
}  // namespace arno::ops::cuda

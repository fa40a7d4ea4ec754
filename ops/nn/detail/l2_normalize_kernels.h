// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// x [N, D] -> y [N, D], rnorm [N] in the accumulator's dtype.
using L2NormalizeForward = void(const Tensor& x, Tensor& y, Tensor& rnorm);
using L2NormalizeBackward = void(const Tensor& y, const Tensor& rnorm, const Tensor& grad_y,
                                 Tensor& grad_x);

}  // namespace arno::ops::detail

namespace arno::ops::cuda {
[[gnu::weak]] detail::L2NormalizeForward l2_normalize_forward;
[[gnu::weak]] detail::L2NormalizeBackward l2_normalize_backward;
}  // namespace arno::ops::cuda

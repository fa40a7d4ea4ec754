// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// x [B, L, C] -> y [B, C].
using MeanPoolForward = void(const Tensor& x, Tensor& y);
/// grad_y [B, C] -> grad_x [B, L, C].
using MeanPoolBackward = void(const Tensor& grad_y, Tensor& grad_x);

}  // namespace arno::ops::detail

namespace arno::ops::cuda {
[[gnu::weak]] detail::MeanPoolForward mean_pool_forward;
[[gnu::weak]] detail::MeanPoolBackward mean_pool_backward;
}  // namespace arno::ops::cuda

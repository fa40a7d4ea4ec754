// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"
#include "ops/nn/gelu.h"

namespace arno::ops::detail {

/// x -> y.
using ActivationForward = void(const Tensor& x, Tensor& y);
/// x, grad_y -> grad_x, which may be grad_y.
using ActivationBackward = void(const Tensor& x, const Tensor& grad_y, Tensor& grad_x);

/// Run the kernels of a device.
void activate(Activation activation, const Tensor& x, Tensor& y);
void activate_backward(Activation activation, const Tensor& x, const Tensor& grad_y,
                       Tensor& grad_x);

}  // namespace arno::ops::detail

namespace arno::ops::reference {
detail::ActivationForward gelu_forward, quick_gelu_forward;
detail::ActivationBackward gelu_backward, quick_gelu_backward;
}  // namespace arno::ops::reference
namespace arno::ops::cpu {
detail::ActivationForward gelu_forward, quick_gelu_forward;
detail::ActivationBackward gelu_backward, quick_gelu_backward;
}  // namespace arno::ops::cpu
namespace arno::ops::cuda {
[[gnu::weak]] detail::ActivationForward gelu_forward, quick_gelu_forward;
[[gnu::weak]] detail::ActivationBackward gelu_backward, quick_gelu_backward;
}  // namespace arno::ops::cuda

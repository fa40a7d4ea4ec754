// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/kernel.h"
#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// y = a + b; y may be one of them.
using AddForward = void(const Tensor& a, const Tensor& b, Tensor& y);
/// y = x + scale[row] * branch; an undefined x is 0. All [B, n] but scale f32 [B]. y may be branch.
using ScaledAddForward = void(const Tensor& x, const Tensor& branch, const Tensor& scale,
                              Tensor& y);

}  // namespace arno::ops::detail

namespace arno::ops::reference {
detail::AddForward add_forward;
detail::ScaledAddForward scaled_add_forward;
}  // namespace arno::ops::reference
namespace arno::ops::cuda {
[[gnu::weak]] detail::AddForward add_forward;
[[gnu::weak]] detail::ScaledAddForward scaled_add_forward;
}  // namespace arno::ops::cuda

namespace arno::ops::detail {

// Memory bounds both: the plain loop is the fast one.
constexpr KernelSet<AddForward> kAdd{"add", reference::add_forward, nullptr, cuda::add_forward};
constexpr KernelSet<ScaledAddForward> kScaledAdd{"residual_add", reference::scaled_add_forward,
                                                 nullptr, cuda::scaled_add_forward};

}  // namespace arno::ops::detail

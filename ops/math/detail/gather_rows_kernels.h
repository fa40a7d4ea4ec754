// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/kernel.h"
#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// x [T, C], rows i32 [n] -> y [n, C], converted to y's dtype.
using GatherRows = void(const Tensor& x, const Tensor& rows, Tensor& y);
/// sum [T, C] (zeros) += grad [n, C] at rows, in the order of rows.
using ScatterRows = void(const Tensor& grad, const Tensor& rows, Tensor& sum);

/// Throws invalid_argument unless every index is in [0, count).
void check_rows(std::string_view op, const Tensor& rows, int64_t count);

}  // namespace arno::ops::detail

namespace arno::ops::reference {
detail::GatherRows gather_rows;
detail::ScatterRows scatter_rows;
}  // namespace arno::ops::reference
namespace arno::ops::cuda {
[[gnu::weak]] detail::GatherRows gather_rows;
[[gnu::weak]] detail::ScatterRows scatter_rows;
}  // namespace arno::ops::cuda

namespace arno::ops::detail {

constexpr KernelSet<GatherRows> kGatherRows{"gather_rows", reference::gather_rows, nullptr,
                                            cuda::gather_rows};
constexpr KernelSet<ScatterRows> kScatterRows{"gather_rows", reference::scatter_rows, nullptr,
                                              cuda::scatter_rows};

}  // namespace arno::ops::detail

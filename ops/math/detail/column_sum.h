// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// The sum over the rows of x [M, N], as [N] in f32 (f64 for f64): the gradient of a bias.
///
/// Rows are summed in blocks of 256 and the blocks in order, so that the result depends neither
/// on the kernel slot nor on the number of threads.
Tensor column_sum(const Tensor& x);

}  // namespace arno::ops::detail

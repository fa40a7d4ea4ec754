// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// y[i, ...] = x[rows[i], ...]; a row may be taken any number of times.
/// Shapes: x [T, ...], rows i32 [n]; y [n, ...]. Dtypes f64, f32, bf16. The gradient of a row is
/// summed in f32 (f64 in f64) in the order of `rows`. Saves rows.
/// Throws dtype_mismatch, or invalid_argument for a row out of range.
Variable gather_rows(const Variable& x, const Tensor& rows);

/// Sampled with repeated, few and no rows.
const OpDef& gather_rows_def();

}  // namespace arno::ops

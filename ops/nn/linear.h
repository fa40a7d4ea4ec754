// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// Multiplies every row by a weight matrix: y = x weight^T + bias.
///
/// Shapes: x [..., K], weight [N, K], bias [N] or undefined; y [..., N]. Any number of rows, also
/// none.
/// Dtypes: x f64, f32 or bf16; y as x. weight and bias f32 or as x; the weight is rounded to x's
/// dtype. Sums in f32 (f64 for f64); gradients of weight and bias are made in f32.
/// y never aliases x. Saves x and the rounded weight.
/// Throws shape_mismatch, dtype_mismatch.
Variable linear(const Variable& x, const Variable& weight, const Variable& bias);

/// Sampled with and without a bias, over block borders and with no row.
const OpDef& linear_def();

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// The matrix product y = x weight. For projections that are stored [in, out].
///
/// Shapes: x [M, K], weight [K, N]; y [M, N]. Extents may be 0.
/// Dtypes: x f64, f32 or bf16; y as x. weight f32 or as x, rounded to x's dtype. Sums in f32 (f64
/// for f64); the gradient of weight is made in f32.
/// y never aliases x. Saves x and the rounded weight.
/// Throws shape_mismatch, dtype_mismatch.
Variable matmul(const Variable& x, const Variable& weight);

/// Sampled over block borders, with one value and with no row.
const OpDef& matmul_def();

}  // namespace arno::ops

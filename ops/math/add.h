// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// y = a + b, of one shape and dtype. f64, f32, bf16. Saves nothing.
/// Throws shape_mismatch, dtype_mismatch.
Variable add(const Variable& a, const Variable& b);

/// y = x + scale[b] * branch, with b the index into the first dimension: the end of a residual
/// branch under stochastic depth (Huang et al. 2016).
/// Shapes: x and branch [B, ...], scale f32 [B], or undefined for 1; y as x. Dtypes f64, f32,
/// bf16. Saves scale. Throws shape_mismatch, dtype_mismatch.
Variable residual_add(const Variable& x, const Variable& branch, const Tensor& scale);

/// Sampled with many values, none and a scalar.
const OpDef& add_def();
/// Sampled with the shapes of add_def() that have rows, each with its own scale.
const OpDef& residual_add_def();

}  // namespace arno::ops

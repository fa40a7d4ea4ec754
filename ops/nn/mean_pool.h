// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// The mean over all extents between the first and the last.
///     y[b, c] = mean over the middle of x[b, ..., c]
/// Shapes: x [B, ..., C] with at least one element in the middle; y [B, C]. Dtypes f64, f32, bf16;
/// sums in f32 (f64 in f64). Saves nothing. Throws shape_mismatch.
Variable mean_pool(const Variable& x);

/// Sampled with one and two grid dimensions, one token and no sample.
const OpDef& mean_pool_def();

}  // namespace arno::ops

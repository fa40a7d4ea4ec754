// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// y[i] = table[ids[i]], rounded to dtype `out`.
/// Shapes: table [V, C], ids i32 [T]; y [T, C]. The table is f32 (f64 with an f64 output). Its
/// gradient is dense, in its dtype, summed in the order of ids. Saves ids.
/// Throws shape_mismatch, dtype_mismatch, or invalid_argument for an id out of range.
Variable embedding(const Variable& table, const Tensor& ids, DType out);

/// Sampled with repeated, few and no ids.
const OpDef& embedding_def();

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// Rows of length one: y = x / max(||x||, 1e-12).
/// Shapes: x [N, D]; y as x. Dtypes f64, f32, bf16; sums in f32 (f64 in f64). A zero row stays
/// zero. Saves y and the norms. Throws shape_mismatch.
Variable l2_normalize(const Variable& x);

/// Sampled with many, one and no rows.
const OpDef& l2_normalize_def();

}  // namespace arno::ops

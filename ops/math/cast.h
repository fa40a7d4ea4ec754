// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// x in another floating dtype, rounded to nearest even; the gradient is rounded back to x's.
/// x itself when it has the dtype. Any shape. Saves nothing. Throws dtype_mismatch.
Variable cast(const Variable& x, DType dtype);

/// Sampled there and back again, so that something is left to compare.
const OpDef& cast_def();

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"
#include "ops/nn/layer_norm.h"

namespace arno::ops {

/// A layer norm and the linear layer after it: linear(layer_norm(x, ...), weight, bias), without
/// keeping what lies between: backward makes it again.
///
/// Shapes: x [B, ..., K], norm_weight and norm_bias [K], weight [N, K], bias [N]; y [B, ..., N].
/// Dtypes as of the two ops, but on a device without native bf16 what lies between is f32 and the
/// weight is not rounded. y never aliases x. Saves x and the weight.
/// Throws shape_mismatch, dtype_mismatch.
struct NormLinearParameters {
  Variable norm_weight, norm_bias;
  Variable weight, bias;
};
Variable norm_linear(const Variable& x, const NormLinearParameters& parameters,
                     LayerNormOptions options = {});

/// Sampled with several chunks of rows, one and none.
const OpDef& norm_linear_def();

}  // namespace arno::ops

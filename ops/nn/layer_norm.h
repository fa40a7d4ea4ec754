// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// How layer_norm normalises.
struct LayerNormOptions {
  float eps = 1e-5f;  ///< added to the variance
};

/// Normalises x over its last dimension, then scales and shifts (Ba, Kiros, Hinton 2016).
///     y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias
/// Shapes: x [..., C] with C >= 1, weight [C], bias [C]; y as x. Any number of rows, also none.
/// Dtypes: x f64, f32 or bf16; y as x. weight and bias f32 or as x; read, and their gradients
/// summed, in f32 (f64 for f64), as are mean and variance. var is the mean of squared distances.
/// y never aliases x. Saves x, mean and 1 / sqrt(var + eps) of each row.
/// Throws shape_mismatch, dtype_mismatch.
Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias,
                    LayerNormOptions options = {});

/// Sampled with long, short and no rows, and with two values a row.
const OpDef& layer_norm_def();

}  // namespace arno::ops

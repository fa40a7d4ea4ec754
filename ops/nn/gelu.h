// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// Which of the two a fused op applies.
enum class Activation { gelu, quick_gelu };

/// The exact GELU (Hendrycks and Gimpel 2016).
///     y = x * (1 + erf(x / sqrt(2))) / 2
/// Any shape; y as x. Dtypes: f64, f32, bf16; computed in f32 (f64 in f64). y never aliases x.
/// Saves x.
Variable gelu(const Variable& x);

/// CLIP's approximation of GELU.
///     y = x * sigmoid(1.702 x)
/// Otherwise as gelu.
Variable quick_gelu(const Variable& x);

/// Sampled with one value, none and more than a thread takes.
const OpDef& gelu_def();
/// Sampled with the shapes of gelu_def().
const OpDef& quick_gelu_def();

}  // namespace arno::ops

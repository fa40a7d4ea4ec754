// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"
#include "ops/nn/gelu.h"

namespace arno::ops {

/// The parameters of a residual MLP: a norm over C and two linear layers, C -> H -> C.
struct ResidualMlpParameters {
  Variable norm_weight, norm_bias;  ///< [C]
  Variable fc1_weight, fc1_bias;    ///< [H, C], [H]
  Variable fc2_weight, fc2_bias;    ///< [C, H], [C]
};

struct ResidualMlpOptions {
  Activation activation = Activation::gelu;
  float eps = 1e-5f;  ///< of the norm
};

/// The second half of a transformer's block, with its residual branch (pre-norm):
///     y = x + scale[b] * fc2(activation(fc1(layer_norm(x))))
/// as residual_add, linear, gelu, linear and layer_norm, without keeping what lies between:
/// backward makes it again, but for the input of the activation.
///
/// Shapes: x [B, ..., C], scale f32 [B] or undefined for 1; y as x.
/// Dtypes as of those ops, but on a device without native bf16 what lies between is f32 and weights
/// are not rounded. y never aliases x. Saves x, the input of the activation [B, ..., H] in x's
/// dtype, and the weights. Throws shape_mismatch, dtype_mismatch.
Variable residual_mlp(const Variable& x, const ResidualMlpParameters& parameters,
                      const Tensor& scale, ResidualMlpOptions options = {});

/// Sampled with several chunks of rows, one and none, with and without a scale.
const OpDef& residual_mlp_def();

}  // namespace arno::ops

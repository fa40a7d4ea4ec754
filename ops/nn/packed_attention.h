// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// How the tokens of a text attend to each other.
struct PackedAttentionOptions {
  int64_t heads = 1;
  bool causal = true;  ///< a token attends to itself and those before it only
};

/// Multi-head self-attention inside each of several texts that stand one after the other.
///     y = softmax(q k^T / sqrt(d)) v,   d = C / heads
/// Shapes: qkv [T, 3 C] as [3, heads, d] a token; offsets i32 [n + 1], rising from 0 to T: text i
/// is tokens [offsets[i], offsets[i + 1]), none where they are equal; y [T, C].
/// Dtypes: f64, f32, bf16, y as qkv; everything between is f32 (f64). Saves qkv; backward computes
/// the probabilities again. Throws shape_mismatch, dtype_mismatch, invalid_argument.
Variable packed_attention(const Variable& qkv, const Tensor& offsets,
                          PackedAttentionOptions options);

/// Sampled causal and not, with long and short texts and with none.
const OpDef& packed_attention_def();

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// How window_attention cuts the grid.
struct WindowAttentionOptions {
  int64_t window = 7;  ///< tokens a side
  int64_t shift = 0;   ///< cyclic shift up and left before cutting, < window
  int64_t heads = 1;
};

/// Multi-head self-attention inside (shifted) windows of a token grid, with relative position bias
/// (Swin: Liu et al. 2021, section 3.2): shift, cut, attend and shift back in one pass.
///     y = softmax(q k^T / sqrt(d) + bias + mask) v,   d = C / heads
/// bias of tokens a, b: bias_table[(dy + w - 1) * (2 w - 1) + dx + w - 1], (dy, dx) = a - b.
/// mask: -100 between tokens that only the cyclic shift brought together.
/// Shapes: qkv [B, H, W, 3 C] as [3, heads, d] a token, H and W multiples of the window;
/// bias_table [(2 w - 1)^2, heads]; y [B, H, W, C].
/// Dtypes: qkv f64, f32, bf16, y as qkv; bias_table f32 (f64 with f64). Everything between is f32
/// (f64). Saves qkv and bias_table; backward computes the probabilities again.
/// Throws shape_mismatch, invalid_argument.
Variable window_attention(const Variable& qkv, const Variable& bias_table,
                          WindowAttentionOptions options);

/// Sampled with and without a shift, with several windows and with no image.
const OpDef& window_attention_def();

}  // namespace arno::ops

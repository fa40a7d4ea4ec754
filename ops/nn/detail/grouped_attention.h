// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// Self-attention inside groups of rows: what windows of a grid and sequences of a packed text
/// have in common.
///
/// Group g is the rows `rows[offsets[g]] .. rows[offsets[g + 1] - 1]` of qkv; every row is in one
/// group. A row holds q, k and v, [3, heads, d]. With i, j tokens of a group:
///     s_ij = q_i . k_j / sqrt(d) + bias[head, j, i] - 100 * [region_i != region_j]
///     y_i = sum_j softmax_j(s_ij) v_j,   j <= i only when causal
struct GroupedAttention {
  Tensor qkv;      ///< [R, 3 C]; f64, f32 or bf16
  Tensor rows;     ///< i32 [R]
  Tensor offsets;  ///< i32 [G + 1]
  Tensor bias;     ///< [heads, n, n] in the accumulator's dtype; groups then have n tokens each.
                   ///< Undefined: none
  Tensor regions;  ///< u8 [R], along `rows`; undefined: all alike
  int64_t heads = 1;
  bool causal = false;

  int64_t channels() const { return qkv.dim(1) / 3; }
  int64_t groups() const { return offsets.dim(0) - 1; }
};

/// y [R, C].
using GroupedAttentionForward = void(const GroupedAttention& attention, Tensor& y);
/// grad_qkv [R, 3 C]; grad_bias as bias, summed over fixed blocks of groups in order, or undefined.
using GroupedAttentionBackward = void(const GroupedAttention& attention, const Tensor& grad_y,
                                      Tensor& grad_qkv, Tensor& grad_bias);

/// Largest number of blocks that gradients of the bias are summed in.
constexpr int64_t kBiasBlocks = 32;

/// Runs the kernels of a device.
Tensor grouped_attention_forward(const GroupedAttention& attention);
void grouped_attention_backward(const GroupedAttention& attention, const Tensor& grad_y,
                                Tensor& grad_qkv, Tensor& grad_bias);

}  // namespace arno::ops::detail

namespace arno::ops::reference {
detail::GroupedAttentionForward grouped_attention_forward;
detail::GroupedAttentionBackward grouped_attention_backward;
}  // namespace arno::ops::reference
namespace arno::ops::cpu {
detail::GroupedAttentionForward grouped_attention_forward;
detail::GroupedAttentionBackward grouped_attention_backward;
}  // namespace arno::ops::cpu
namespace arno::ops::cuda {
[[gnu::weak]] detail::GroupedAttentionForward grouped_attention_forward;
[[gnu::weak]] detail::GroupedAttentionBackward grouped_attention_backward;
}  // namespace arno::ops::cuda

// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/packed_attention.h"

#include <algorithm>
#include <numeric>

#include "ops/nn/detail/grouped_attention.h"

namespace arno::ops {
namespace {

void check(const Shape& qkv, const Tensor& offsets, const PackedAttentionOptions& o) {
  ARNO_CHECK(qkv.rank() == 2 && o.heads >= 1 && qkv[1] % (3 * o.heads) == 0, Errc::shape_mismatch,
             "[packed_attention] qkv has shape {}, expected [T, 3 C] with C a multiple of {} heads",
             qkv.to_string(), o.heads);
  check_dtype("packed_attention", "offsets", offsets, DType::i32);
  const auto bounds = offsets.data<int32_t>();
  ARNO_CHECK(!bounds.empty() && bounds.front() == 0 && bounds.back() == qkv[0] &&
                 std::ranges::is_sorted(bounds),
             Errc::invalid_argument,
             "[packed_attention] offsets must rise from 0 to the {} tokens of qkv", qkv[0]);
}

OpSample sample(std::string name, std::vector<int32_t> offsets, int64_t channels,
                PackedAttentionOptions options) {
  return {.name = std::move(name),
          .inputs =
              [offsets, channels](Random& random) {
                return std::vector<Tensor>{
                    random_normal({offsets.back(), 3 * channels}, random),
                    Tensor::from<int32_t>({static_cast<int64_t>(offsets.size())}, offsets)};
              },
          .run =
              [options](std::span<const Variable> in) {
                return packed_attention(in[0], in[1].value(), options);
              }};
}

std::vector<OpSample> samples() {
  return {sample("3texts_causal", {0, 3, 4, 9}, 6, {.heads = 2, .causal = true}),
          sample("3texts_full", {0, 5, 5, 7}, 4, {.heads = 1, .causal = false}),
          sample("long_causal", {0, 77, 95}, 34, {.heads = 2, .causal = true}),
          sample("none", {0}, 4, {.heads = 2, .causal = true})};
}

}  // namespace

Variable packed_attention(const Variable& qkv, const Tensor& offsets,
                          PackedAttentionOptions options) {
  check(qkv.shape(), offsets, options);
  detail::GroupedAttention attention{.qkv = qkv.value(),
                                     .rows = Tensor::empty({qkv.shape()[0]}, DType::i32),
                                     .offsets = offsets,
                                     .heads = options.heads,
                                     .causal = options.causal};
  const auto rows = attention.rows.mutable_data<int32_t>();
  std::iota(rows.begin(), rows.end(), 0);
  return record(detail::grouped_attention_forward(attention), {qkv},
                [attention](const Tensor& grad_y) {
                  Tensor grad_qkv, grad_bias;
                  detail::grouped_attention_backward(attention, grad_y, grad_qkv, grad_bias);
                  return std::vector<Tensor>{grad_qkv};
                });
}

const OpDef& packed_attention_def() {
  static const OpDef def{"packed_attention", "self-attention inside each of several packed texts",
                         samples};
  return def;
}

}  // namespace arno::ops

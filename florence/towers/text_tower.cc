// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/text_tower.h"

#include <algorithm>

#include "ops/math/add.h"
#include "ops/math/gather_rows.h"
#include "ops/nn/embedding.h"
#include "ops/nn/layer_norm.h"
#include "ops/nn/linear.h"
#include "ops/nn/norm_linear.h"
#include "ops/nn/packed_attention.h"
#include "ops/nn/residual_mlp.h"

namespace arno::florence {
namespace {

constexpr ops::LayerNormOptions kNorm{.eps = 1e-12F};
constexpr int64_t kMlpRatio = 4;

ops::Variable norm(const ops::Variable& x, const WeightAndBias& parameters) {
  return ops::layer_norm(x, parameters.weight, parameters.bias, kNorm);
}

/// Rows of the end-of-text tokens: the last of each text.
ops::Tensor last_rows(const ops::Tensor& offsets) {
  const auto bounds = offsets.data<int32_t>();
  ops::Tensor rows = ops::Tensor::empty({offsets.dim(0) - 1}, ops::DType::i32);
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    rows.mutable_data<int32_t>()[i] = bounds[i + 1] - 1;
  }
  return rows;
}

}  // namespace

TextTower::TextTower(const TextTowerConfig& config, const Initializer& init, BlockRange blocks,
                     bool top)
    : config_(config), top_(top), token_part_(init.prefix() + "token_embedding.") {
  const int64_t width = config.width;
  if (blocks.contains(0)) {
    token_embedding_ =
        init.trunc_normal_without_decay("token_embedding.weight", {config.vocab_size, width});
    positional_embedding_ =
        init.trunc_normal_without_decay("positional_embedding", {config.context_length, width});
  }
  for (int64_t i = blocks.first; i < std::min(config.layers, blocks.end); ++i) {
    const Initializer block = init.part(fmt::format("resblocks.{}", i));
    blocks_.push_back({.part = block.prefix(),
                       .norm1 = make_norm(block, "ln_1", width),
                       .qkv = {block.trunc_normal("attn.in_proj_weight", {3 * width, width}),
                               block.constant("attn.in_proj_bias", {3 * width}, 0)},
                       .proj = make_linear(block, "attn.out_proj", width, width),
                       .norm2 = make_norm(block, "ln_2", width),
                       .fc1 = make_linear(block, "mlp.c_fc", width, kMlpRatio * width),
                       .fc2 = make_linear(block, "mlp.c_proj", kMlpRatio * width, width)});
  }
  if (top) norm_ = make_norm(init, "ln_final", width);
}

ops::Variable TextTower::block_forward(const Block& block, const ops::Variable& x,
                                       const ops::Tensor& offsets) const {
  const ops::Variable qkv = ops::norm_linear(
      x, {block.norm1.weight, block.norm1.bias, block.qkv.weight, block.qkv.bias}, kNorm);
  const ops::Variable attended =
      ops::packed_attention(qkv, offsets, {.heads = config_.heads, .causal = config_.causal});
  const ops::Variable y = ops::add(x, ops::linear(attended, block.proj.weight, block.proj.bias));
  return ops::residual_mlp(y,
                           {.norm_weight = block.norm2.weight,
                            .norm_bias = block.norm2.bias,
                            .fc1_weight = block.fc1.weight,
                            .fc1_bias = block.fc1.bias,
                            .fc2_weight = block.fc2.weight,
                            .fc2_bias = block.fc2.bias},
                           {}, {.activation = ops::Activation::quick_gelu, .eps = kNorm.eps});
}

std::vector<std::string> TextTower::parts() const {
  std::vector<std::string> out;
  if (token_embedding_.defined()) out.push_back(token_part_);
  for (const Block& block : blocks_) out.push_back(block.part);
  return out;
}

ops::Variable TextTower::embed(const PackedTexts& texts, ops::DType compute,
                               const PartOptions& options) const {
  // The rows are copied out, and backward needs their numbers alone.
  const AcquiredPart table(options.source, token_part_);
  return ops::add(ops::embedding(token_embedding_, texts.tokens, compute),
                  ops::embedding(positional_embedding_, texts.positions, compute));
}

ops::Variable TextTower::forward(const PackedTexts& texts, const ops::Variable& input,
                                 ops::DType compute, const PartOptions& options) const {
  for (const int32_t position : texts.positions.data<int32_t>()) {
    ARNO_CHECK(position < config_.context_length, Errc::invalid_argument,
               "[text_tower] a text has more than {} tokens", config_.context_length);
  }
  ops::Variable x = token_embedding_.defined() ? embed(texts, compute, options) : input;
  for (const Block& block : blocks_) {
    const auto body = [this, &block, offsets = texts.offsets](const ops::Variable& input) {
      return block_forward(block, input, offsets);
    };
    x = run_part(options, block.part, body, x);
  }
  if (!top_) return x;
  // The norm works on rows, so only the rows that are pooled go through it.
  return norm(ops::gather_rows(x, last_rows(texts.offsets)), norm_);
}

}  // namespace arno::florence

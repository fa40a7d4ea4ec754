// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/coswin.h"

#include <algorithm>
#include <map>
#include <optional>

#include "florence/towers/relative_table.h"
#include "ops/math/add.h"
#include "ops/nn/conv2d.h"
#include "ops/nn/layer_norm.h"
#include "ops/nn/linear.h"
#include "ops/nn/mean_pool.h"
#include "ops/nn/norm_linear.h"
#include "ops/nn/pad_grid.h"
#include "ops/nn/residual_mlp.h"
#include "ops/nn/window_attention.h"

namespace arno::florence {
namespace {

constexpr ops::Conv2dOptions kStem{.stride = 4, .padding = 2};
constexpr ops::Conv2dOptions kMerge{.stride = 2, .padding = 1};
constexpr int64_t kStemKernel = 7;
constexpr int64_t kMergeKernel = 3;
constexpr int64_t kMlpRatio = 4;

int64_t conv_side(int64_t side, int64_t kernel, const ops::Conv2dOptions& options) {
  return (side + 2 * options.padding - kernel) / options.stride + 1;
}

/// Sides of the four stages' token grids.
std::array<int64_t, 4> grid_sides(int64_t resolution) {
  std::array<int64_t, 4> sides{conv_side(resolution, kStemKernel, kStem)};
  for (int i = 1; i < 4; ++i) sides[i] = conv_side(sides[i - 1], kMergeKernel, kMerge);
  return sides;
}

WeightAndBias make_conv(const Initializer& init, const std::string& name, int64_t in, int64_t out,
                        int64_t kernel) {
  const int64_t fan_in = in * kernel * kernel;
  return {init.kaiming_uniform(name + ".weight", {out, in, kernel, kernel}, fan_in),
          init.kaiming_uniform(name + ".bias", {out}, fan_in)};
}

ops::Variable norm(const ops::Variable& x, const WeightAndBias& parameters) {
  return ops::layer_norm(x, parameters.weight, parameters.bias);
}

ops::Variable linear(const ops::Variable& x, const WeightAndBias& parameters) {
  return ops::linear(x, parameters.weight, parameters.bias);
}

}  // namespace

struct CoSwin::Block {
  Block(const Initializer& init, int64_t channels, int64_t head_dim, int64_t window)
      : heads(channels / head_dim),
        part(init.prefix()),
        norm1(make_norm(init, "norm1", channels)),
        table(init.trunc_normal_without_decay("attn.relative_position_bias_table",
                                              {(2 * window - 1) * (2 * window - 1), heads})),
        qkv(make_linear(init, "attn.qkv", channels, 3 * channels)),
        proj(make_linear(init, "attn.proj", channels, channels)),
        norm2(make_norm(init, "norm2", channels)),
        fc1(make_linear(init, "mlp.fc1", channels, kMlpRatio * channels)),
        fc2(make_linear(init, "mlp.fc2", kMlpRatio * channels, channels)) {}

  /// x [B, H, W, C] -> the same shape.
  ops::Variable forward(const ops::Variable& x, const ops::Tensor& attention_scale,
                        const ops::Tensor& mlp_scale) const {
    const ops::Variable y = ops::residual_add(x, attention(x), attention_scale);
    return ops::residual_mlp(y,
                             {.norm_weight = norm2.weight,
                              .norm_bias = norm2.bias,
                              .fc1_weight = fc1.weight,
                              .fc1_bias = fc1.bias,
                              .fc2_weight = fc2.weight,
                              .fc2_bias = fc2.bias},
                             mlp_scale);
  }

  /// Pads to whole windows after the norm, as Swin's dense code does.
  ops::Variable attention(const ops::Variable& x) const {
    const int64_t side = x.shape()[1];
    const int64_t padded = (side + window - 1) / window * window;
    const ops::WindowAttentionOptions options{.window = window, .shift = shift, .heads = heads};
    if (padded == side) {
      const ops::Variable tokens =
          ops::norm_linear(x, {norm1.weight, norm1.bias, qkv.weight, qkv.bias});
      return linear(ops::window_attention(tokens, table, options), proj);
    }
    const ops::Variable grid = ops::pad_grid(norm(x, norm1), padded, padded);
    const ops::Variable attended = ops::window_attention(linear(grid, qkv), table, options);
    return linear(ops::crop_grid(attended, side, side), proj);
  }

  int64_t heads;
  int64_t window = 0;
  int64_t shift = 0;
  double drop_rate = 0;
  uint64_t number = 0;   ///< over all stages
  int64_t in_stage = 0;  ///< number in its stage
  std::string part;      ///< of its parameters
  std::string table_name;
  WeightAndBias norm1;
  ops::Variable table;
  WeightAndBias qkv;
  WeightAndBias proj;
  WeightAndBias norm2;
  WeightAndBias fc1;
  WeightAndBias fc2;
};

/// What halves the grid before a stage: the stem, or a merge.
struct CoSwin::Embedding {
  Embedding(const Initializer& init, const std::string& name, int64_t stage, int64_t channels)
      : part(stage == 0 ? "" : init.prefix()),
        options(stage == 0 ? kStem : kMerge),
        conv(make_conv(init, name, stage == 0 ? 3 : channels / 2, channels,
                       stage == 0 ? kStemKernel : kMergeKernel)),
        conv_norm(make_norm(init, "norm", channels)) {}

  ops::Variable forward(const ops::Variable& input) const {
    return norm(ops::conv2d(input, conv.weight, conv.bias, options), conv_norm);
  }

  std::string part;  ///< empty for the stem, which stays in memory
  ops::Conv2dOptions options;
  WeightAndBias conv;
  WeightAndBias conv_norm;
};

/// Blocks on one grid. A slice has those that it owns, and the embedding with the first one.
struct CoSwin::Stage {
  std::optional<Embedding> embedding;
  std::vector<Block> blocks;
};

CoSwin::CoSwin(const CoSwinConfig& config, int64_t resolution, const Initializer& init,
               BlockRange blocks, bool top)
    : config_(config), blocks_(blocks), top_(top), resolution_(resolution) {
  const std::array<int64_t, 4> sides = grid_sides(resolution);
  int64_t number = 0;
  for (int64_t s = 0; s < 4; ++s) {
    const int64_t channels = config.channels << s;
    Stage stage;
    for (int64_t b = 0; b < config.depths[s]; ++b, ++number) {
      if (!blocks.contains(number)) continue;
      // As in UniCL's files, the merge after stage s belongs to layer s.
      if (b == 0 && s == 0) stage.embedding.emplace(init.part("patch_embed"), "proj", s, channels);
      if (b == 0 && s > 0) {
        stage.embedding.emplace(init.part(fmt::format("layers.{}.downsample", s - 1)), "proj", s,
                                channels);
      }
      const std::string name = fmt::format("layers.{}.blocks.{}", s, b);
      Block block(init.part(name), channels, config.head_dim, std::min(config.window, sides[s]));
      block.number = static_cast<uint64_t>(number);
      block.in_stage = b;
      block.drop_rate = config.drop_path * static_cast<double>(number) /
                        static_cast<double>(std::max<int64_t>(1, config.blocks() - 1));
      block.table_name = name + ".attn.relative_position_bias_table";
      stage.blocks.push_back(std::move(block));
    }
    stages_.push_back(std::move(stage));
  }
  if (top) norm_ = make_norm(init, "norm", width());
  set_geometry(resolution, config.window);
}

CoSwin::~CoSwin() = default;
CoSwin::CoSwin(CoSwin&&) noexcept = default;

ops::Variable CoSwin::forward(const ops::Variable& input, const DropPath& drop_path,
                              const PartOptions& options) const {
  ops::Variable x = input;
  for (const Stage& stage : stages_) {
    if (stage.embedding) {
      const auto embed = [&embedding = *stage.embedding](const ops::Variable& grid) {
        return embedding.forward(grid);
      };
      const std::string& part = stage.embedding->part;
      x = part.empty() ? embed(x) : run_part({.source = options.source}, part, embed, x);
    }
    for (const Block& block : stage.blocks) {
      const ops::Tensor attention_scale = drop_path.scale(block.drop_rate, 2 * block.number);
      const ops::Tensor mlp_scale = drop_path.scale(block.drop_rate, 2 * block.number + 1);
      const auto body = [&block, attention_scale, mlp_scale](const ops::Variable& tokens) {
        return block.forward(tokens, attention_scale, mlp_scale);
      };
      x = run_part(options, block.part, body, x);
    }
  }
  return top_ ? ops::mean_pool(norm(x, norm_)) : x;
}

ops::Shape CoSwin::input_shape(int64_t samples) const {
  if (blocks_.first == 0) return {samples, resolution_, resolution_, 3};
  // The grid of the stage that the block before is in.
  int64_t stage = 0;
  for (int64_t end = config_.depths[0]; end < blocks_.first && stage < 3;) {
    end += config_.depths[++stage];
  }
  const int64_t side = grid_sides(resolution_)[stage];
  return {samples, side, side, config_.channels << stage};
}

std::vector<std::string> CoSwin::parts() const {
  std::vector<std::string> out;
  for (const Stage& stage : stages_) {
    if (stage.embedding && !stage.embedding->part.empty()) out.push_back(stage.embedding->part);
    for (const Block& block : stage.blocks) out.push_back(block.part);
  }
  return out;
}

std::vector<std::string> CoSwin::set_geometry(int64_t resolution, int64_t window) {
  config_.window = window;
  resolution_ = resolution;
  std::vector<std::string> changed;
  const std::array<int64_t, 4> sides = grid_sides(resolution);
  for (size_t s = 0; s < stages_.size(); ++s) {
    for (Block& block : stages_[s].blocks) {
      // A grid no larger than the window is one window, which is not shifted.
      block.window = std::min(window, sides[s]);
      block.shift = block.in_stage % 2 == 1 && sides[s] > window ? window / 2 : 0;
      if (window_of_table(block.table.shape()) == block.window) continue;
      block.table.assign(resize_relative_table(block.table.value(), block.window));
      changed.push_back(block.table_name);
    }
  }
  return changed;
}

namespace {

const std::map<std::string, CoSwinConfig>& presets() {
  static const std::map<std::string, CoSwinConfig> table{
      {"nano",
       {.channels = 48, .depths = {1, 1, 2, 1}, .head_dim = 16, .window = 4, .drop_path = 0.0}},
      {"T", {.channels = 96, .depths = {2, 2, 6, 2}, .drop_path = 0.2}},
      {"S", {.channels = 96, .depths = {2, 2, 18, 2}, .drop_path = 0.3}},
      {"B", {.channels = 128, .depths = {2, 2, 18, 2}, .drop_path = 0.5}},
      {"L", {.channels = 192, .depths = {2, 2, 18, 2}, .drop_path = 0.2}},
      {"H", {.channels = 256, .depths = {2, 2, 40, 2}, .drop_path = 0.2}},
  };
  return table;
}

}  // namespace

CoSwinConfig coswin_preset(const std::string& name) {
  const auto found = presets().find(name);
  ARNO_CHECK(found != presets().end(), Errc::invalid_argument,
             "[coswin] unknown preset \"{}\", expected one of {}", name,
             fmt::join(coswin_preset_names(), ", "));
  return found->second;
}

std::vector<std::string> coswin_preset_names() { return {"nano", "T", "S", "B", "L", "H"}; }

}  // namespace arno::florence

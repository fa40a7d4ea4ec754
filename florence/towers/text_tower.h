// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "florence/towers/block_range.h"
#include "florence/towers/initializer.h"
#include "florence/towers/packed_texts.h"
#include "florence/towers/parameter_source.h"
#include "ops/autograd/variable.h"

namespace arno::florence {

/// The shape of the text tower: a 12-layer transformer (Florence, section 2.3). Width and masking
/// are not published; the defaults are UniCL's.
struct TextTowerConfig {
  int64_t width = 512;
  int64_t heads = 8;
  int64_t layers = 12;
  int64_t context_length = 77;  ///< most tokens of a text, both specials included
  int64_t vocab_size = 49408;
  bool causal = true;
};

/// Token and position embedding, pre-norm blocks with QuickGELU, layer norm (eps 1e-12), and the
/// output at the last token of each text, its end-of-text. Names as in UniCL's text encoder.
///
/// A tower may be cut between blocks, as the image tower.
class TextTower {
 public:
  /// `top`: with the last norm and the choice of the last tokens.
  TextTower(const TextTowerConfig& config, const Initializer& init, BlockRange blocks = {},
            bool top = true);

  /// -> [n, width] in dtype `compute`; without the top, tokens [T, width]. `input`: what the slice
  /// before gave for the same texts, [T, width]; undefined for the first one. Throws
  /// invalid_argument for a text longer than the context.
  ops::Variable forward(const PackedTexts& texts, const ops::Variable& input, ops::DType compute,
                        const PartOptions& options) const;
  /// The parts that forward() acquires and releases one after the other: the table of the tokens
  /// and the blocks.
  std::vector<std::string> parts() const;

  const TextTowerConfig& config() const { return config_; }

 private:
  struct Block {
    std::string part;  ///< of its parameters
    WeightAndBias norm1, qkv, proj, norm2, fc1, fc2;
  };
  ops::Variable block_forward(const Block& block, const ops::Variable& x,
                              const ops::Tensor& offsets) const;

  ops::Variable embed(const PackedTexts& texts, ops::DType compute,
                      const PartOptions& options) const;

  TextTowerConfig config_;
  bool top_;
  std::string token_part_;
  ops::Variable token_embedding_;       ///< of the slice with the first block
  ops::Variable positional_embedding_;  ///< likewise
  std::vector<Block> blocks_;
  WeightAndBias norm_;  ///< of the top
};

}  // namespace arno::florence

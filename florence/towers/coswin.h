// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "florence/towers/block_range.h"
#include "florence/towers/drop_path.h"
#include "florence/towers/initializer.h"
#include "florence/towers/parameter_source.h"
#include "ops/autograd/variable.h"

namespace arno::florence {

/// The shape of a CoSwin image tower.
struct CoSwinConfig {
  int64_t channels = 96;                      ///< of the first stage; doubled by each merge
  std::array<int64_t, 4> depths{2, 2, 6, 2};  ///< blocks of each stage
  int64_t head_dim = 32;
  int64_t window = 7;      ///< tokens
  double drop_path = 0.2;  ///< rate of the last block; linear from 0

  int64_t blocks() const { return depths[0] + depths[1] + depths[2] + depths[3]; }
};

/// The shape of a preset: nano, T, S, B, L or H. H is a stand-in of the published size of CoSwin-H
/// (637M), whose shape was not published. Throws invalid_argument.
CoSwinConfig coswin_preset(const std::string& name);
std::vector<std::string> coswin_preset_names();

/// CoSwin (Florence, section 2.3): Swin with the convolutional embeddings of CvT. Stem: convolution
/// 7x7, stride 4, padding 2, then layer norm; merges: convolution 3x3, stride 2, padding 1, then
/// layer norm. Pre-norm blocks of shifted-window attention with relative position bias and an MLP
/// of ratio 4; mean over the tokens after the last norm.
///
/// A tower may be cut between blocks: a slice has the parameters of its blocks only, and they are
/// those that the whole tower would have.
class CoSwin {
 public:
  /// Adds its parameters through `init`, for images of `resolution` pixels. `top`: with the last
  /// norm and the pooling.
  CoSwin(const CoSwinConfig& config, int64_t resolution, const Initializer& init,
         BlockRange blocks = {}, bool top = true);
  ~CoSwin();
  CoSwin(CoSwin&&) noexcept;

  /// Images [B, S, S, 3] of the current resolution, in the dtype of the computation -> features
  /// [B, 8 * channels]. A slice takes what the one before gave; without the top it gives tokens
  /// [B, H, W, C].
  ops::Variable forward(const ops::Variable& input, const DropPath& drop_path,
                        const PartOptions& options) const;
  /// The shape of what forward() takes for so many samples.
  ops::Shape input_shape(int64_t samples) const;
  /// The parts that forward() acquires and releases one after the other: blocks and merges.
  std::vector<std::string> parts() const;

  /// Goes over to another resolution or window: relative position tables are resized bicubically.
  /// Returns the names of the tables that changed shape.
  std::vector<std::string> set_geometry(int64_t resolution, int64_t window);

  int64_t width() const { return 8 * config_.channels; }
  const CoSwinConfig& config() const { return config_; }

 private:
  struct Block;
  struct Embedding;
  struct Stage;

  CoSwinConfig config_;
  BlockRange blocks_;
  bool top_;
  int64_t resolution_;
  std::vector<Stage> stages_;
  WeightAndBias norm_;  ///< of the top
};

}  // namespace arno::florence

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/config.h"
#include "florence/model/model_slice.h"
#include "florence/towers/coswin.h"
#include "florence/towers/text_tower.h"
#include "ops/core/dtype.h"

namespace arno::florence {

/// The model as a configuration names it: a preset of the image tower, the text tower, and how
/// both are computed.
struct FlorenceConfig {
  std::string preset = "nano";  ///< of the image tower
  double drop_path = -1;        ///< -1: that of the preset
  int64_t text_width = 128;
  int64_t text_heads = 4;
  int64_t text_layers = 12;
  int64_t context_length = 77;
  int64_t vocab_size = 49408;
  bool causal = true;
  int64_t projection_dim = 512;
  double init_temperature = 14.2857;  ///< multiplier of the cosine, 1 / 0.07 as in CLIP
  double max_temperature = 100;
  std::string compute = "f32";  ///< f32 or bf16
  bool checkpoint_activations = false;

  void fields(ConfigFields& f);

  CoSwinConfig image_tower() const;
  TextTowerConfig text_tower() const;
  /// The number of a tower's blocks.
  int64_t blocks(Tower tower) const;
  ops::DType compute_dtype() const;
};

}  // namespace arno::florence

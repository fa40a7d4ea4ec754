// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "florence/model/florence_config.h"
#include "florence/model/model_slice.h"
#include "florence/training/snapshot.h"

namespace arno::florence {

/// The two towers of Florence with their projections and the temperature (section 2.3). Parameter
/// names are UniCL's: image_encoder.*, text_encoder.*, image_projection, text_projection,
/// logit_scale.
///
/// A slice of a model has the parameters of its blocks, the same as the whole would have, and
/// nothing of the others is made.
class FlorenceModel {
 public:
  /// Fresh weights drawn from `init`, for images of `resolution` pixels and a window of `window`
  /// tokens (0: that of the preset).
  FlorenceModel(const FlorenceConfig& config, int64_t resolution, int64_t window, RandomKey init,
                const ModelSlice& slice = {});
  /// The same with this image tower instead of the preset's, whose window it starts with.
  FlorenceModel(const FlorenceConfig& config, const CoSwinConfig& image_tower, int64_t resolution,
                RandomKey init, const ModelSlice& slice = {});

  /// Images [B, S, S, 3] f32, normalised -> unit rows [B, D] f32.
  ops::Variable encode_image(const ops::Tensor& images, const DropPath& drop_path = {}) const;
  /// -> unit rows [n, D] f32.
  ops::Variable encode_text(const PackedTexts& texts) const;

  // The same of a slice. `input` is what the slice before gave (for the first one images; of texts
  // nothing), in the dtype of the computation. The slice with the top gives unit rows, any other
  // one the input of the next: tokens [B, H, W, C] of images, [T, W] of texts. Throw
  // shape_mismatch.
  ops::Variable forward_image(const ops::Variable& input, const DropPath& drop_path) const;
  ops::Variable forward_text(const PackedTexts& texts, const ops::Variable& input) const;

  /// The logarithm of the temperature, a scalar [] that is learnt. Of the top, as is what follows.
  const ops::Variable& log_temperature() const { return log_temperature_; }
  double temperature() const;
  /// Pulls the temperature back to [1, max_temperature].
  void clamp_temperature();

  /// From here on the parts come from `source`, which outlives their use; null: all parameters are
  /// in memory.
  void set_source(ParameterSource* source) { source_ = source; }
  /// What a source has to have; all other parameters stay in memory.
  std::vector<std::string> parts() const;

  bool has_geometry(int64_t resolution, int64_t window) const;
  /// Goes over to another resolution or window (0: that of the image tower it was made with).
  /// Returns the names of the parameters that changed shape.
  std::vector<std::string> set_geometry(int64_t resolution, int64_t window);

  /// Copies values into the parameters, by name. Throws data_corrupt, naming what differs, unless
  /// `weights` are those of a whole model of this shape.
  void load(const std::vector<NamedTensor>& weights);

  ParameterSet& parameters() { return parameters_; }
  const ParameterSet& parameters() const { return parameters_; }
  const FlorenceConfig& config() const { return config_; }
  const ModelSlice& slice() const { return slice_; }
  int64_t resolution() const { return resolution_; }
  int64_t window() const { return image_tower_.config().window; }

 private:
  PartOptions part_options() const;

  FlorenceConfig config_;
  ModelSlice slice_;
  ParameterSource* source_ = nullptr;
  int64_t preset_window_;
  int64_t resolution_;
  ParameterSet parameters_;
  CoSwin image_tower_;
  TextTower text_tower_;
  ops::Variable image_projection_;
  ops::Variable text_projection_;
  ops::Variable log_temperature_;
};

}  // namespace arno::florence

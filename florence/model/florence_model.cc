// SPDX-License-Identifier: Apache-2.0
#include "florence/model/florence_model.h"

#include <algorithm>
#include <cmath>

#include "ops/math/cast.h"
#include "ops/math/matmul.h"
#include "ops/nn/l2_normalize.h"

namespace arno::florence {
namespace {

CoSwinConfig tower_with_window(const FlorenceConfig& config, int64_t window) {
  CoSwinConfig tower = config.image_tower();
  if (window > 0) tower.window = window;
  return tower;
}

/// Features in the compute dtype -> unit rows in f32.
ops::Variable project(const ops::Variable& features, const ops::Variable& projection) {
  return ops::l2_normalize(ops::cast(ops::matmul(features, projection), ops::DType::f32));
}

}  // namespace

FlorenceModel::FlorenceModel(const FlorenceConfig& config, int64_t resolution, int64_t window,
                             RandomKey init, const ModelSlice& slice)
    : FlorenceModel(config, tower_with_window(config, window), resolution, init, slice) {
  preset_window_ = config.image_tower().window;
}

FlorenceModel::FlorenceModel(const FlorenceConfig& config, const CoSwinConfig& image_tower,
                             int64_t resolution, RandomKey init, const ModelSlice& slice)
    : config_(config),
      slice_(slice),
      preset_window_(image_tower.window),
      resolution_(resolution),
      image_tower_(image_tower, resolution, Initializer(parameters_, init, "image_encoder."),
                   slice.image, slice.top),
      text_tower_(config.text_tower(), Initializer(parameters_, init, "text_encoder."), slice.text,
                  slice.top) {
  if (!slice.top) return;
  const Initializer top(parameters_, init);
  image_projection_ =
      top.trunc_normal("image_projection", {image_tower_.width(), config.projection_dim});
  text_projection_ =
      top.trunc_normal("text_projection", {config.text_width, config.projection_dim});
  log_temperature_ = top.constant("logit_scale", {}, std::log(config.init_temperature));
}

ops::Variable FlorenceModel::encode_image(const ops::Tensor& images,
                                          const DropPath& drop_path) const {
  return forward_image(ops::Variable(images.to(config_.compute_dtype())), drop_path);
}

ops::Variable FlorenceModel::encode_text(const PackedTexts& texts) const {
  return forward_text(texts, {});
}

ops::Variable FlorenceModel::forward_image(const ops::Variable& input,
                                           const DropPath& drop_path) const {
  ops::check_shape("florence_model", "image input", input.value(),
                   image_tower_.input_shape(input.shape()[0]));
  const ops::Variable features = image_tower_.forward(input, drop_path, part_options());
  return slice_.top ? project(features, image_projection_) : features;
}

ops::Variable FlorenceModel::forward_text(const PackedTexts& texts,
                                          const ops::Variable& input) const {
  if (slice_.text.first > 0) {
    ops::check_shape("florence_model", "text input", input.value(),
                     {texts.tokens.dim(0), config_.text_width});
  }
  const ops::Variable features =
      text_tower_.forward(texts, input, config_.compute_dtype(), part_options());
  return slice_.top ? project(features, text_projection_) : features;
}

double FlorenceModel::temperature() const {
  return std::exp(static_cast<double>(log_temperature_.value().data<float>()[0]));
}

void FlorenceModel::clamp_temperature() {
  float& value = log_temperature_.mutable_value().mutable_data<float>()[0];
  value = std::clamp(value, 0.0F, static_cast<float>(std::log(config_.max_temperature)));
}

void FlorenceModel::load(const std::vector<NamedTensor>& weights) {
  for (const Parameter& parameter : parameters_.all()) {
    ops::Variable variable = parameter.variable;
    copy_checked(weights, parameter.name, variable.mutable_value());
  }
  ARNO_CHECK(!slice_.is_whole() || weights.size() == parameters_.all().size(), Errc::data_corrupt,
             "[checkpoint] holds {} tensors, the configured model has {}: it is of another model",
             weights.size(), parameters_.all().size());
}

PartOptions FlorenceModel::part_options() const {
  return {.checkpointed = config_.checkpoint_activations, .source = source_};
}

std::vector<std::string> FlorenceModel::parts() const {
  std::vector<std::string> out = image_tower_.parts();
  for (std::string& part : text_tower_.parts()) out.push_back(std::move(part));
  return out;
}

bool FlorenceModel::has_geometry(int64_t resolution, int64_t window) const {
  return resolution_ == resolution && this->window() == (window > 0 ? window : preset_window_);
}

std::vector<std::string> FlorenceModel::set_geometry(int64_t resolution, int64_t window) {
  resolution_ = resolution;
  std::vector<std::string> changed =
      image_tower_.set_geometry(resolution, window > 0 ? window : preset_window_);
  for (std::string& name : changed) name = "image_encoder." + name;
  return changed;
}

}  // namespace arno::florence

// SPDX-License-Identifier: Apache-2.0
#include "actors/augmenter/augmenter.h"

#include "actors/sample_random.h"
#include "actors/training_stage.h"

namespace arno::actors {

void AugmenterOptions::fields(ConfigFields& f) {
  f.number("flip", flip, {.doc = "probability of a horizontal flip", .min = 0, .max = 1});
  f.number("brightness", jitter.brightness,
           {.doc = "factor drawn from 1 - b to 1 + b", .min = 0, .max = 1});
  f.number("contrast", jitter.contrast,
           {.doc = "factor drawn from 1 - c to 1 + c", .min = 0, .max = 1});
  f.number("saturation", jitter.saturation,
           {.doc = "factor drawn from 1 - s to 1 + s", .min = 0, .max = 1});
  f.number("hue", jitter.hue,
           {.doc = "shift drawn from -h to h of the colour circle", .min = 0, .max = 0.5});
  f.text("interpolation", interpolation,
         {.doc = "filter of the resize, with antialiasing", .one_of = {"bilinear", "bicubic"}});
}

void Augmenter::on_item(int, const graph::Payload& item, graph::Outbox& out) {
  const auto& decoded = item.get<DecodedItem>();
  const int64_t side = stage_of_slot(training_, decoded.id.slot).resolution;
  Random random(key_for(decoded.id.key, Draw::augment));
  const io::ResizeOptions resize{
      .height = static_cast<int>(side),
      .width = static_cast<int>(side),
      .interpolation = options_.interpolation == "bicubic" ? io::Interpolation::kBicubic
                                                           : io::Interpolation::kBilinear,
      .flip = random.uniform() < options_.flip ? io::Flip::kHorizontal : io::Flip::kNone};

  AugmentedItem augmented{.id = decoded.id,
                          .image = ops::Tensor::empty({side, side, 3}, ops::DType::f32),
                          .texts = decoded.texts};
  const std::span<float> pixels = augmented.image.mutable_data<float>();
  const io::JitterOptions& jitter = options_.jitter;
  if (jitter.brightness > 0 || jitter.contrast > 0 || jitter.saturation > 0 || jitter.hue > 0) {
    io::Image image = io::resize_crop(decoded.image, decoded.crop, resize);
    io::color_jitter(image, jitter, random);
    io::normalize(image, {}, pixels);
  } else {
    io::resize_crop_normalize(decoded.image, decoded.crop, resize, {}, pixels);
  }
  const size_t bytes = augmented.image.size_bytes();
  out.emit(kAugmented, graph::Payload::of(std::move(augmented), bytes));
}

graph::ActorKind augmenter_kind() {
  return graph::with_options<AugmenterOptions, Augmenter>({
      .name = "augmenter",
      .doc = "Resamples crops to the stage's resolution, flips, jitters colours, normalises.",
      .inputs = {graph::port<DecodedItem>("images", "DecodedItem", "RGB with a crop window")},
      .outputs = {graph::port<AugmentedItem>("augmented", "AugmentedItem", "f32 [S, S, 3]")},
      .replicable = true,
      .restartable = true,
      .placeable = true,
      .example = "flip: 0.5\nbrightness: 0.2",
  });
}

}  // namespace arno::actors

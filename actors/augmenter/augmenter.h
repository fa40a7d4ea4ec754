// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/items.h"
#include "graph/actor_kind.h"
#include "io/image/color.h"
#include "io/image/resize.h"

namespace arno::actors {

/// How far a picture may be changed, before it is normalised.
struct AugmenterOptions {
  double flip = 0;  ///< probability; 0 where images may show text
  io::JitterOptions jitter;
  std::string interpolation = "bicubic";

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// Resamples a crop to the stage's resolution, flips and changes colours at random, and
/// normalises. All draws come from the sample's key.
class Augmenter final : public graph::Stage {
 public:
  enum Input { kImages };
  enum Output { kAugmented };

  Augmenter(const AugmenterOptions& options, const graph::StageContext& context)
      : options_(options), training_(context.training) {}

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  AugmenterOptions options_;
  florence::TrainingConfig training_;
};

/// Input: decoded crops. Output: f32 pictures of the stage's resolution. Replicable.
graph::ActorKind augmenter_kind();

}  // namespace arno::actors

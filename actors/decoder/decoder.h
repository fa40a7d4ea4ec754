// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/items.h"
#include "graph/actor_kind.h"
#include "io/image/crop.h"
#include "io/image/decode.h"

namespace arno::actors {

/// How large a picture may be, and which part of it is kept.
struct DecoderOptions {
  io::CropOptions crop{.scale_min = 0.9};
  int64_t max_side = 16384;
  int64_t max_megapixels = 64;
  std::string truncated = "fail";

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// Draws each sample's crop box and decodes what the box needs. A sample that cannot be decoded
/// leaves on `rejects`, and the reader fills its slot with another.
class Decoder final : public graph::Stage {
 public:
  enum Input { kSamples };
  enum Output { kImages, kRejects };

  Decoder(const DecoderOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;
  bool on_skip(const graph::Payload& item, const std::string& cause, graph::Outbox& out) override;

 private:
  io::CropOptions crop_;
  io::DecodeOptions decode_;
  florence::TrainingConfig training_;
};

/// Input: encoded samples. Outputs: pictures, samples to be replaced. Replicable, skippable.
graph::ActorKind decoder_kind();

}  // namespace arno::actors

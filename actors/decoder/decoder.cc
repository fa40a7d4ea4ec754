// SPDX-License-Identifier: Apache-2.0
#include "actors/decoder/decoder.h"

#include "actors/sample_random.h"
#include "actors/training_stage.h"

namespace arno::actors {
namespace {

void reject(const RawItem& sample, std::string cause, std::string detail, graph::Outbox& out) {
  out.emit(Decoder::kRejects,
           graph::Payload::of(RejectedItem{.id = sample.id,
                                           .cause = std::move(cause),
                                           .detail = fmt::format("{}: {}", sample.name, detail)},
                              sizeof(RejectedItem)));
}

}  // namespace

void DecoderOptions::fields(ConfigFields& f) {
  f.number("crop_scale_min", crop.scale_min,
           {.doc = "smallest part of the image area that a crop keeps", .min = 0.01, .max = 1});
  f.number("crop_scale_max", crop.scale_max,
           {.doc = "largest part of the image area that a crop keeps", .min = 0.01, .max = 1});
  f.number("crop_ratio_min", crop.ratio_min,
           {.doc = "smallest width / height of a crop", .min = 0.1, .max = 10});
  f.number("crop_ratio_max", crop.ratio_max,
           {.doc = "largest width / height of a crop", .min = 0.1, .max = 10});
  f.integer("max_side", max_side,
            {.doc = "longest side that is decoded, pixels", .min = 1, .max = 65535});
  f.integer("max_megapixels", max_megapixels,
            {.doc = "largest image that is decoded, 2^20 pixels", .min = 1, .max = 4096});
  f.text("truncated", truncated,
         {.doc = "an image that ends early: fail rejects it, fill keeps what there is",
          .one_of = {"fail", "fill"}});
  f.require(
      crop.scale_min <= crop.scale_max, "crop_scale_min",
      fmt::format("found {}, expected at most crop_scale_max {}", crop.scale_min, crop.scale_max));
  f.require(
      crop.ratio_min <= crop.ratio_max, "crop_ratio_min",
      fmt::format("found {}, expected at most crop_ratio_max {}", crop.ratio_min, crop.ratio_max));
}

Decoder::Decoder(const DecoderOptions& options, const graph::StageContext& context)
    : crop_(options.crop),
      decode_{.max_side = static_cast<int>(options.max_side),
              .max_pixels = options.max_megapixels << 20,
              .truncated = options.truncated == "fill" ? io::TruncatedPolicy::kFill
                                                       : io::TruncatedPolicy::kFail},
      training_(context.training) {}

void Decoder::on_item(int, const graph::Payload& item, graph::Outbox& out) {
  const auto& sample = item.get<RawItem>();
  const auto side = static_cast<int>(stage_of_slot(training_, sample.id.slot).resolution);
  const auto choose_box = [&](int width, int height) {
    Random random(key_for(sample.id.key, Draw::crop));
    return io::random_resized_crop_box(width, height, crop_, random);
  };
  io::DecodeResult result = io::decode_and_crop(sample.image, choose_box, {side, side}, decode_);
  if (!result.image) {
    reject(sample, std::string(io::to_string(result.fault.cause)), result.fault.text, out);
    return;
  }
  const size_t bytes = result.image->pixels.size();
  out.emit(kImages, graph::Payload::of(DecodedItem{.id = sample.id,
                                                   .image = std::move(*result.image),
                                                   .crop = result.window,
                                                   .texts = sample.texts},
                                       bytes));
}

bool Decoder::on_skip(const graph::Payload& item, const std::string& cause, graph::Outbox& out) {
  reject(item.get<RawItem>(), "decoder_failed", cause, out);
  return true;
}

graph::ActorKind decoder_kind() {
  return graph::with_options<DecoderOptions, Decoder>({
      .name = "decoder",
      .doc = "Decodes JPEG, PNG and WebP, of a JPEG only the sample's random crop.",
      .inputs = {graph::port<RawItem>("samples", "RawItem", "encoded")},
      .outputs = {graph::port<DecodedItem>("images", "DecodedItem", "RGB"),
                  graph::port<RejectedItem>("rejects", "RejectedItem",
                                            "samples that cannot be decoded")},
      .replicable = true,
      .restartable = true,
      .placeable = true,
      .skippable = true,
      .example = "crop_scale_min: 0.9\nmax_megapixels: 64",
  });
}

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/codec_samples.h"

namespace arno::actors {
namespace {

SampleId id() {
  return {.slot = 70,
          .source = 2,
          .attempt = 1,
          .index = uint64_t{1} << 40,
          .key = RandomKey(99),
          .read_at = std::chrono::steady_clock::now()};
}

ops::Tensor noise(const ops::Shape& shape) {
  ops::Tensor out = ops::Tensor::empty(shape, ops::DType::f32);
  Random random{RandomKey(3)};
  for (float& value : out.mutable_data<float>()) value = static_cast<float>(random.normal());
  return out;
}

DecodedItem decoded() {
  DecodedItem out{.id = id(), .image = io::Image::zeros(3, 5), .texts = {"a cat", ""}};
  for (size_t i = 0; i < out.image.pixels.size(); ++i) {
    out.image.pixels[i] = static_cast<uint8_t>(3 * i);
  }
  out.crop = {0.5, 0.25, 3, 2.5};
  return out;
}

florence::TrainingBatch batch() {
  florence::TrainingBatch out{.step = 8, .images = noise({2, 4, 4, 3})};
  out.texts = florence::pack_texts({{18, 1, 19}, {18, 19}});
  out.text_rows = ops::Tensor::from<int32_t>({2}, std::vector<int32_t>{1, 0});
  out.labels = {5, -1};
  out.keys = {RandomKey(1), RandomKey(2)};
  out.read_at.assign(2, std::chrono::steady_clock::now());
  return out;
}

florence::Snapshot snapshot() {
  florence::Snapshot out{.step = 9, .resolution = 32, .window = 4, .model_yaml = "preset: nano\n"};
  out.weights.push_back({"w", noise({2, 3})});
  out.weights.push_back({"half", noise({5}).to(ops::DType::bf16)});
  out.optimizer.push_back({"exp_avg.w", noise({2, 3})});
  out.optimizer.push_back({"steps.w", ops::Tensor::from<int64_t>({}, std::vector<int64_t>{9})});
  out.optimizer.push_back({"empty", ops::Tensor::zeros({0, 4}, ops::DType::f32)});
  return out;
}

/// Of a text tower's second slice.
florence::MicroBatch micro_batch() {
  return {.tower = florence::Tower::text,
          .step = 8,
          .number = 1,
          .count = 3,
          .input = noise({5, 4}),
          .texts = florence::pack_texts({{18, 1, 19}, {18, 19}})};
}

template <class T>
graph::Payload payload(T item) {
  return graph::Payload::of(std::move(item), 1);
}

}  // namespace

std::map<std::string, graph::Payload> codec_samples() {
  const ops::Tensor image = noise({4, 4, 3});
  FeaturesItem features{.step = 8, .labels = {0, 1}};
  features.features = {.image = noise({2, 3}), .text = noise({2, 3}), .log_temperature = 2.5};
  LossItem loss{.step = 8};
  loss.result = {.loss = 1.5,
                 .floor = 0.5,
                 .grad_image = noise({2, 3}),
                 .grad_text = noise({2, 3}),
                 .grad_log_temperature = -0.25};
  const Hash128 label{.high = 5, .low = 6};
  std::map<std::string, graph::Payload> out;
  out["RawItem"] = payload(RawItem{.id = id(),
                                   .name = "a.tar:512",
                                   .image = std::vector<std::byte>(300, std::byte{7}),
                                   .texts = {"one", "zwei"}});
  out["DecodedItem"] = payload(decoded());
  out["AugmentedItem"] = payload(AugmentedItem{.id = id(), .image = image, .texts = {"a", "b"}});
  out["PromptedItem"] =
      payload(PromptedItem{.id = id(), .image = image, .text = "a photo", .label = label});
  out["TokenizedItem"] =
      payload(TokenizedItem{.id = id(), .image = image, .tokens = {18, 3, 19}, .label = label});
  out["RejectedItem"] =
      payload(RejectedItem{.id = id(), .cause = "truncated", .detail = "ends at byte 5"});
  out["DeliveredSlots"] = payload(DeliveredSlots{.next_slot = 71});
  out["TrainingBatch"] = payload(batch());
  out["FeaturesItem"] = payload(features);
  out["LossItem"] = payload(loss);
  out["Snapshot"] = payload(snapshot());
  out["ForwardItem"] = payload(ForwardItem{micro_batch()});
  out["ForwardItem_squares"] =
      payload(ForwardItem{florence::GradientSquares{.step = 8, .squares = {0.5, 2}}});
  out["ForwardItem_state"] = payload(ForwardItem{florence::SliceState{
      .steps_done = 9, .parameter_squares = {1, 0.25}, .snapshot = snapshot()}});
  out["BackwardItem"] = payload(BackwardItem{
      florence::ActivationGradient{.step = 8, .number = 1, .grad = noise({2, 4, 4, 3})}});
  out["BackwardItem_start"] = payload(BackwardItem{florence::SliceStart{.snapshot = snapshot()}});
  out["BackwardItem_fresh"] = payload(BackwardItem{florence::SliceStart{}});
  out["BackwardItem_decision"] = payload(
      BackwardItem{florence::StepDecision{.step = 8, .grad_scale = 0.5, .wants_snapshot = true}});
  return out;
}

std::vector<std::string> names_of_codec_samples() {
  std::vector<std::string> out;
  for (const auto& [name, item] : codec_samples()) out.push_back(name);
  return out;
}

std::vector<std::string> without_ages(const std::string& type,
                                      const std::vector<SharedBytes>& parts) {
  constexpr size_t kAgeBytes = 8;
  constexpr size_t kAgeInId = 32;
  std::vector<std::string> out;
  for (const SharedBytes& part : parts) {
    out.emplace_back(reinterpret_cast<const char*>(part.span().data()), part.size());
  }
  std::string& fields = out.at(0);
  if (type == "TrainingBatch") {
    fields.replace(fields.size() - 2 * kAgeBytes, 2 * kAgeBytes, 2 * kAgeBytes, '\0');
  } else if (type.ends_with("Item") && type != "FeaturesItem" && type != "LossItem" &&
             type != "ForwardItem" && type != "BackwardItem") {
    fields.replace(kAgeInId, kAgeBytes, kAgeBytes, '\0');
  }
  return out;
}

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/codecs/codecs.h"
#include "actors/codecs/fields.h"
#include "actors/codecs/training_fields.h"

namespace arno::actors {
namespace {

using graph::PartReader;
using graph::PartWriter;
using ops::DType;

void write_batch(const florence::TrainingBatch& batch, PartWriter& out) {
  out.fields().number(batch.step);
  out.numbers(batch.labels);
  out.tensor(batch.images);
  write_packed(batch.texts, out);
  out.tensor(batch.text_rows);
  for (const RandomKey& key : batch.keys) out.fields().number(key.value());
  out.fields().number(static_cast<uint32_t>(batch.read_at.size()));
  for (const auto& time : batch.read_at) write_time(time, out);
}

void read_times(PartReader& in, florence::TrainingBatch& batch) {
  batch.read_at.resize(in.fields().count(sizeof(int64_t)));
  in.check(batch.read_at.empty() || batch.read_at.size() == batch.labels.size(),
           "{} times of {} samples", batch.read_at.size(), batch.labels.size());
  for (auto& time : batch.read_at) time = read_time(in);
}

florence::TrainingBatch read_batch(PartReader& in) {
  florence::TrainingBatch out{.step = in.fields().number<int64_t>()};
  in.check(out.step >= 0, "a batch of step {}", out.step);
  out.labels = in.numbers<int32_t>();
  out.images =
      in.tensor({.name = "images", .dtypes = {DType::f32}, .shape = {{out.size(), -1, -1, 3}}});
  in.check(out.size() >= 1 && out.images.dim(1) == out.images.dim(2) && out.images.dim(1) >= 1,
           "images are {}, expected squares", out.images.describe());
  out.texts = read_packed(in);
  out.text_rows = in.tensor({.name = "text_rows", .dtypes = {DType::i32}, .shape = {{out.size()}}});
  in.check(std::ranges::all_of(out.text_rows.data<int32_t>(),
                               [&](int32_t row) { return row >= 0 && row < out.texts.count(); }),
           "an image of a text that is not among the {}", out.texts.count());
  for (int64_t i = 0; i < out.size(); ++i) {
    out.keys.emplace_back(in.fields().number<uint64_t>());
  }
  read_times(in, out);
  return out;
}

void write_features(const FeaturesItem& item, PartWriter& out) {
  out.fields().number(item.step);
  out.fields().number(item.features.log_temperature);
  out.numbers(item.labels);
  out.tensor(item.features.image);
  out.tensor(item.features.text);
}

/// Two tensors [N, D] of one shape and dtype.
void read_pair(PartReader& in, int64_t rows, ops::Tensor& image, ops::Tensor& text) {
  image = in.tensor({.name = "image", .dtypes = {DType::f32, DType::f64}, .shape = {{rows, -1}}});
  text = in.tensor(
      {.name = "text", .dtypes = {image.dtype()}, .shape = {{image.dim(0), image.dim(1)}}});
  in.check(image.numel() >= 1, "image is {}, expected elements", image.describe());
}

FeaturesItem read_features(PartReader& in) {
  FeaturesItem out{.step = in.fields().number<int64_t>()};
  out.features.log_temperature = in.fields().number<double>();
  out.labels = in.numbers<int32_t>();
  read_pair(in, static_cast<int64_t>(out.labels.size()), out.features.image, out.features.text);
  return out;
}

void write_loss(const LossItem& item, PartWriter& out) {
  out.fields().number(item.step);
  out.fields().number(item.result.loss);
  out.fields().number(item.result.floor);
  out.fields().number(item.result.grad_log_temperature);
  out.fields().number(item.gather_s);
  out.tensor(item.result.grad_image);
  out.tensor(item.result.grad_text);
}

LossItem read_loss(PartReader& in) {
  constexpr int64_t kAnyRows = -1;
  LossItem out{.step = in.fields().number<int64_t>()};
  out.result.loss = in.fields().number<double>();
  out.result.floor = in.fields().number<double>();
  out.result.grad_log_temperature = in.fields().number<double>();
  out.gather_s = in.fields().number<double>();
  read_pair(in, kAnyRows, out.result.grad_image, out.result.grad_text);
  return out;
}

}  // namespace

graph::ItemCodec snapshot_codec() {
  return graph::item_codec("Snapshot", write_snapshot, read_snapshot);
}

void add_training_codecs(graph::Registry& registry) {
  registry.add_codec(graph::item_codec("TrainingBatch", write_batch, read_batch));
  registry.add_codec(graph::item_codec("FeaturesItem", write_features, read_features));
  registry.add_codec(graph::item_codec("LossItem", write_loss, read_loss));
  registry.add_codec(snapshot_codec());
}

}  // namespace arno::actors

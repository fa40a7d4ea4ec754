// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/codecs/codecs.h"
#include "actors/codecs/fields.h"
#include "florence/training/snapshot.h"
#include "florence/training/training_batch.h"

namespace arno::actors {
namespace {

using graph::PartReader;
using graph::PartWriter;
using ops::DType;

/// Whether the numbers are those of `pack_texts`: each text's positions count from 0, and the
/// texts fill the tokens.
bool is_packed(const florence::PackedTexts& texts) {
  const auto offsets = texts.offsets.data<int32_t>();
  const auto positions = texts.positions.data<int32_t>();
  if (offsets.front() != 0 || offsets.back() != texts.tokens.dim(0)) return false;
  for (size_t text = 0; text + 1 < offsets.size(); ++text) {
    if (offsets[text] >= offsets[text + 1] || offsets[text + 1] > offsets.back()) return false;
    for (int32_t i = offsets[text]; i < offsets[text + 1]; ++i) {
      if (positions[static_cast<size_t>(i)] != i - offsets[text]) return false;
    }
  }
  return std::ranges::all_of(texts.tokens.data<int32_t>(),
                             [](int32_t token) { return token >= 0; });
}

void write_packed(const florence::PackedTexts& texts, PartWriter& out) {
  out.tensor(texts.tokens);
  out.tensor(texts.positions);
  out.tensor(texts.offsets);
}

florence::PackedTexts read_packed(PartReader& in) {
  florence::PackedTexts out;
  out.tokens = in.tensor({.name = "tokens", .dtypes = {DType::i32}, .shape = {{-1}}});
  out.positions =
      in.tensor({.name = "positions", .dtypes = {DType::i32}, .shape = {{out.tokens.dim(0)}}});
  out.offsets = in.tensor({.name = "offsets", .dtypes = {DType::i32}, .shape = {{-1}}});
  in.check(out.offsets.dim(0) >= 2 && is_packed(out), "texts that are not packed one by one");
  return out;
}

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

void write_tensors(const std::vector<florence::NamedTensor>& tensors, PartWriter& out) {
  out.fields().number(static_cast<uint32_t>(tensors.size()));
  for (const auto& [name, value] : tensors) {
    out.fields().text(name);
    out.tensor(value);
  }
}

std::vector<florence::NamedTensor> read_tensors(PartReader& in) {
  constexpr size_t kLeastBytes = 6;  // of a name, a dtype and a rank
  std::vector<florence::NamedTensor> out(in.fields().count(kLeastBytes));
  for (auto& [name, value] : out) {
    name = in.fields().text();
    value = in.tensor({.name = name, .dtypes = {}});
  }
  return out;
}

void write_snapshot(const florence::Snapshot& snapshot, PartWriter& out) {
  out.fields().number(snapshot.step);
  out.fields().number(snapshot.resolution);
  out.fields().number(snapshot.window);
  out.fields().text(snapshot.model_yaml);
  write_tensors(snapshot.weights, out);
  write_tensors(snapshot.optimizer, out);
}

florence::Snapshot read_snapshot(PartReader& in) {
  florence::Snapshot out;
  out.step = in.fields().number<int64_t>();
  out.resolution = in.fields().number<int64_t>();
  out.window = in.fields().number<int64_t>();
  in.check(std::min({out.step, out.resolution, out.window}) >= 0,
           "a snapshot of step {}, {} pixels, window {}", out.step, out.resolution, out.window);
  out.model_yaml = in.fields().text();
  out.weights = read_tensors(in);
  out.optimizer = read_tensors(in);
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

// SPDX-License-Identifier: Apache-2.0
#include "actors/codecs/training_fields.h"

#include <algorithm>

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

}  // namespace

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

}  // namespace arno::actors

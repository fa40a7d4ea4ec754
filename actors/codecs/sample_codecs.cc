// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "actors/codecs/codecs.h"
#include "actors/codecs/fields.h"

namespace arno::actors {
namespace {

using graph::PartReader;
using graph::PartWriter;

void write_raw(const RawItem& item, PartWriter& out) {
  write_id(item.id, out);
  out.fields().text(item.name);
  write_texts(item.texts, out);
  out.block(item.image);
}

RawItem read_raw(PartReader& in) {
  RawItem out;
  out.id = read_id(in);
  out.name = in.fields().text();
  out.texts = read_texts(in);
  const SharedBytes image = in.block();
  out.image.assign(image.span().begin(), image.span().end());
  return out;
}

void write_decoded(const DecodedItem& item, PartWriter& out) {
  write_id(item.id, out);
  out.fields().number(static_cast<int32_t>(item.image.height));
  out.fields().number(static_cast<int32_t>(item.image.width));
  for (const double edge : {item.crop.x, item.crop.y, item.crop.width, item.crop.height}) {
    out.fields().number(edge);
  }
  write_texts(item.texts, out);
  out.block(std::as_bytes(std::span(item.image.pixels)));
}

/// RGB; both sides fit into what image files can say.
io::Image read_size(PartReader& in) {
  constexpr int32_t kLongest = 65535;  // pixels
  io::Image out;
  out.height = in.fields().number<int32_t>();
  out.width = in.fields().number<int32_t>();
  in.check(std::min(out.height, out.width) >= 1 && std::max(out.height, out.width) <= kLongest,
           "an image of {} x {} pixels", out.width, out.height);
  return out;
}

DecodedItem read_decoded(PartReader& in) {
  DecodedItem out;
  out.id = read_id(in);
  out.image = read_size(in);
  for (double* edge : {&out.crop.x, &out.crop.y, &out.crop.width, &out.crop.height}) {
    *edge = in.fields().number<double>();
    in.check(std::isfinite(*edge), "a crop with the edge {}", *edge);
  }
  out.texts = read_texts(in);
  const SharedBytes pixels = in.block(static_cast<size_t>(out.image.height) * out.image.stride());
  const auto* first = reinterpret_cast<const uint8_t*>(pixels.span().data());
  out.image.pixels.assign(first, first + pixels.size());
  return out;
}

void write_augmented(const AugmentedItem& item, PartWriter& out) {
  write_id(item.id, out);
  out.tensor(item.image);
  write_texts(item.texts, out);
}

AugmentedItem read_augmented(PartReader& in) {
  AugmentedItem out;
  out.id = read_id(in);
  out.image = read_square_image(in);
  out.texts = read_texts(in);
  return out;
}

void write_prompted(const PromptedItem& item, PartWriter& out) {
  write_id(item.id, out);
  out.tensor(item.image);
  out.fields().text(item.text);
  write_hash(item.label, out);
}

PromptedItem read_prompted(PartReader& in) {
  PromptedItem out;
  out.id = read_id(in);
  out.image = read_square_image(in);
  out.text = in.fields().text();
  out.label = read_hash(in);
  return out;
}

void write_tokenized(const TokenizedItem& item, PartWriter& out) {
  write_id(item.id, out);
  out.tensor(item.image);
  out.numbers(item.tokens);
  write_hash(item.label, out);
}

TokenizedItem read_tokenized(PartReader& in) {
  TokenizedItem out;
  out.id = read_id(in);
  out.image = read_square_image(in);
  out.tokens = in.numbers<int32_t>();
  in.check(!out.tokens.empty() && std::ranges::min(out.tokens) >= 0,
           "tokens that are none, or negative");
  out.label = read_hash(in);
  return out;
}

void write_rejected(const RejectedItem& item, PartWriter& out) {
  write_id(item.id, out);
  out.fields().text(item.cause);
  out.fields().text(item.detail);
}

RejectedItem read_rejected(PartReader& in) {
  RejectedItem out;
  out.id = read_id(in);
  out.cause = in.fields().text();
  out.detail = in.fields().text();
  return out;
}

void write_delivered(const DeliveredSlots& item, PartWriter& out) {
  out.fields().number(item.next_slot);
}

DeliveredSlots read_delivered(PartReader& in) {
  return {.next_slot = in.fields().number<uint64_t>()};
}

}  // namespace

void add_sample_codecs(graph::Registry& registry) {
  registry.add_codec(graph::item_codec("RawItem", write_raw, read_raw));
  registry.add_codec(graph::item_codec("DecodedItem", write_decoded, read_decoded));
  registry.add_codec(graph::item_codec("AugmentedItem", write_augmented, read_augmented));
  registry.add_codec(graph::item_codec("PromptedItem", write_prompted, read_prompted));
  registry.add_codec(graph::item_codec("TokenizedItem", write_tokenized, read_tokenized));
  registry.add_codec(graph::item_codec("RejectedItem", write_rejected, read_rejected));
  registry.add_codec(graph::item_codec("DeliveredSlots", write_delivered, read_delivered));
}

}  // namespace arno::actors

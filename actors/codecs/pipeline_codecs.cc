// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "actors/codecs/codecs.h"
#include "actors/codecs/training_fields.h"
#include "actors/pipeline_items.h"

namespace arno::actors {
namespace {

using florence::ActivationGradient;
using florence::GradientSquares;
using florence::MicroBatch;
using florence::SliceStart;
using florence::SliceState;
using florence::StepDecision;
using florence::Tower;
using graph::PartReader;
using graph::PartWriter;
using ops::DType;

void write_flag(bool flag, PartWriter& out) { out.fields().number(static_cast<uint8_t>(flag)); }

bool read_flag(PartReader& in) {
  const auto flag = in.fields().number<uint8_t>();
  in.check(flag <= 1, "a flag of {}", flag);
  return flag == 1;
}

void write_tower(Tower tower, PartWriter& out) { write_flag(tower == Tower::text, out); }
Tower read_tower(PartReader& in) { return read_flag(in) ? Tower::text : Tower::image; }

int64_t read_count(PartReader& in, std::string_view name) {
  const auto number = in.fields().number<int64_t>();
  in.check(number >= 0, "{} is {}", name, number);
  return number;
}

void write_snapshot_if_any(const std::optional<florence::Snapshot>& snapshot, PartWriter& out) {
  write_flag(snapshot.has_value(), out);
  if (snapshot) write_snapshot(*snapshot, out);
}

std::optional<florence::Snapshot> read_snapshot_if_any(PartReader& in) {
  return read_flag(in) ? std::optional(read_snapshot(in)) : std::nullopt;
}

/// Of whatever shape: the slice that takes it knows which it has to have.
ops::Tensor read_activations(PartReader& in, std::string_view name) {
  ops::Tensor out = in.tensor({.name = name, .dtypes = {DType::f32, DType::bf16}});
  in.check(out.rank() >= 2 && out.numel() >= 1, "{} is {}, expected rows", name, out.describe());
  return out;
}

void write(const MicroBatch& part, PartWriter& out) {
  write_tower(part.tower, out);
  out.fields().number(part.step);
  out.fields().number(part.number);
  out.fields().number(part.count);
  write_flag(part.taped, out);
  write_flag(part.input.defined(), out);
  if (part.input.defined()) out.tensor(part.input);
  if (part.tower == Tower::text) {
    write_packed(part.texts, out);
    return;
  }
  for (const RandomKey& key : part.keys) out.fields().number(key.value());
}

MicroBatch read_micro_batch(PartReader& in) {
  MicroBatch out{.tower = read_tower(in)};
  out.step = read_count(in, "step");
  out.number = read_count(in, "number");
  out.count = read_count(in, "count");
  in.check(out.number < out.count, "micro-batch {} of {}", out.number, out.count);
  out.taped = read_flag(in);
  if (read_flag(in)) out.input = read_activations(in, "input");
  if (out.tower == Tower::text) {
    out.texts = read_packed(in);
    return out;
  }
  in.check(out.input.defined(), "images are missing");
  for (int64_t i = 0; i < out.input.dim(0); ++i) {
    out.keys.emplace_back(in.fields().number<uint64_t>());
  }
  return out;
}

void write(const GradientSquares& of, PartWriter& out) {
  out.fields().number(of.step);
  out.numbers(of.squares);
}

GradientSquares read_squares(PartReader& in) {
  GradientSquares out{.step = read_count(in, "step")};
  out.squares = in.numbers<double>();
  return out;
}

void write(const SliceState& state, PartWriter& out) {
  out.fields().number(state.steps_done);
  out.numbers(state.parameter_squares);
  write_snapshot_if_any(state.snapshot, out);
}

SliceState read_state(PartReader& in) {
  SliceState out{.steps_done = read_count(in, "steps_done")};
  out.parameter_squares = in.numbers<double>();
  out.snapshot = read_snapshot_if_any(in);
  return out;
}

void write(const SliceStart& start, PartWriter& out) { write_snapshot_if_any(start.snapshot, out); }

SliceStart read_start(PartReader& in) { return {.snapshot = read_snapshot_if_any(in)}; }

void write(const ActivationGradient& gradient, PartWriter& out) {
  write_tower(gradient.tower, out);
  out.fields().number(gradient.step);
  out.fields().number(gradient.number);
  out.tensor(gradient.grad);
}

ActivationGradient read_gradient(PartReader& in) {
  ActivationGradient out{.tower = read_tower(in)};
  out.step = read_count(in, "step");
  out.number = read_count(in, "number");
  out.grad = read_activations(in, "grad");
  return out;
}

void write(const StepDecision& decision, PartWriter& out) {
  out.fields().number(decision.step);
  out.fields().number(decision.grad_scale);
  write_flag(decision.wants_squares, out);
  write_flag(decision.wants_snapshot, out);
}

StepDecision read_decision(PartReader& in) {
  StepDecision out{.step = read_count(in, "step")};
  out.grad_scale = in.fields().number<double>();
  in.check(out.grad_scale >= 0 && out.grad_scale <= 1, "grad_scale is {}", out.grad_scale);
  out.wants_squares = read_flag(in);
  out.wants_snapshot = read_flag(in);
  return out;
}

/// Which alternative follows, then that.
template <class Item>
void write_item(const Item& item, PartWriter& out) {
  out.fields().number(static_cast<uint8_t>(item.content.index()));
  std::visit([&](const auto& content) { write(content, out); }, item.content);
}

ForwardItem read_forward(PartReader& in) {
  const auto which = in.fields().number<uint8_t>();
  in.check(which <= 2, "an unknown content {}", which);
  if (which == 0) return {read_micro_batch(in)};
  if (which == 1) return {read_squares(in)};
  return {read_state(in)};
}

BackwardItem read_backward(PartReader& in) {
  const auto which = in.fields().number<uint8_t>();
  in.check(which <= 2, "an unknown content {}", which);
  if (which == 0) return {read_start(in)};
  if (which == 1) return {read_gradient(in)};
  return {read_decision(in)};
}

}  // namespace

void add_pipeline_codecs(graph::Registry& registry) {
  registry.add_codec(graph::item_codec("ForwardItem", write_item<ForwardItem>, read_forward));
  registry.add_codec(graph::item_codec("BackwardItem", write_item<BackwardItem>, read_backward));
}

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline_shard/pipeline_shard.h"

#include <omp.h>

#include <algorithm>

#include "common/log.h"

namespace arno::actors {
namespace {

using florence::ActivationGradient;
using florence::GradientSquares;
using florence::MicroBatch;
using florence::SliceStart;
using florence::SliceState;
using florence::StepDecision;

constexpr monitoring::MetricDef kTaped{
    monitoring::MetricType::gauge,
    "arno_pipeline_taped_micro_batches",
    "Most micro-batches that had a tape at once in the last step of a shard.",
    {"actor", "replica"}};

template <class Item, class Content>
void emit(int port, Content content, graph::Outbox& out) {
  Item item{std::move(content)};
  const size_t bytes = item.size_bytes();
  out.emit(port, graph::Payload::of(std::move(item), bytes));
}

}  // namespace

void PipelineShardOptions::fields(ConfigFields& f) {
  f.text("tower", tower, {.doc = "that the blocks are of", .one_of = {"image", "text"}});
  f.integer("from", from, {.doc = "first block that is here; 0: the first shard", .min = 0});
  f.integer("to", to, {.doc = "block after the last one that is here", .min = 1});
  trainer.fields(f);
  f.integer("threads", threads, {.doc = "threads of the operators", .min = 1, .max = 1024});
  f.require(from < to, "to", fmt::format("found {}, expected more than from {}", to, from));
}

florence::Tower PipelineShardOptions::which() const {
  return tower == "text" ? florence::Tower::text : florence::Tower::image;
}

void PipelineShardOptions::check(const graph::StageContext&, const RawConfig& where,
                                 ConfigProblems& problems) const {
  const int64_t blocks = trainer.model.blocks(which());
  if (to <= blocks) return;
  problems.push_back(where.problem(
      fmt::format("found {}, expected at most the {} blocks of the {} tower", to, blocks, tower),
      "to"));
}

PipelineShard::PipelineShard(const PipelineShardOptions& options,
                             const graph::StageContext& context)
    : options_(options), context_(context) {
  context_.from = {};  // the model shard tells what to begin with
  if (context.metrics) {
    taped_ = context.metrics->gauge(
        kTaped, {{"actor", context.actor}, {"replica", std::to_string(context.replica)}});
  }
  if (context.replicas == 1) make_slice(nullptr);
}

void PipelineShard::make_slice(std::shared_ptr<ops::Communicator> group) {
  slice_.emplace(options_.trainer, context_.training, context_.seed, std::move(group),
                 options_.which(), florence::BlockRange{options_.from, options_.to});
}

bool PipelineShard::accepts_item(int port, const graph::Payload& item) const {
  if (port == kGroup || !slice_) return port == kGroup;
  if (port == kGradients) return true;
  const auto& content = item.get<ForwardItem>().content;
  if (const auto* part = std::get_if<MicroBatch>(&content)) {
    return started_ && part->step == slice_->steps_done();
  }
  return !std::holds_alternative<GradientSquares>(content) || slice_->backward_is_done();
}

int64_t PipelineShard::holds(int port) const {
  return port == kActivations && slice_ ? slice_->taped() : 0;
}

std::optional<graph::Room> PipelineShard::room_for(int port) const {
  if (port != kActivations) return std::nullopt;
  return graph::Room{.port = kForward, .bytes = largest_};
}

void PipelineShard::on_item(int port, const graph::Payload& item, graph::Outbox& out) {
  omp_set_num_threads(static_cast<int>(options_.threads));
  const auto handle = [&](const auto& content) { take(content, out); };
  if (port == kGroup) {
    make_slice(item.get<GroupMember>().member);
  } else if (port == kActivations) {
    std::visit(handle, item.get<ForwardItem>().content);
  } else {
    std::visit(handle, item.get<BackwardItem>().content);
  }
}

void PipelineShard::take(const MicroBatch& part, graph::Outbox& out) {
  in_step_ = true;
  MicroBatch next = slice_->forward(part);
  largest_ = std::max(largest_, static_cast<int64_t>(next.size_bytes()));
  most_taped_ = std::max(most_taped_, slice_->taped());
  emit<ForwardItem>(kForward, std::move(next), out);
}

void PipelineShard::take(GradientSquares before, graph::Outbox& out) {
  ARNO_CHECK(before.step == slice_->steps_done(), Errc::comm_failed,
             "[pipeline_shard] got the gradients' norm of step {} in step {}", before.step + 1,
             slice_->steps_done() + 1);
  append(before, slice_->gradient_squares());
  emit<ForwardItem>(kForward, std::move(before), out);
}

void PipelineShard::take(SliceState before, graph::Outbox& out) {
  append(before, slice_->state(!before.parameter_squares.empty(), before.snapshot.has_value()));
  emit<ForwardItem>(kForward, std::move(before), out);
}

void PipelineShard::take(const SliceStart& start, graph::Outbox& out) {
  if (start.snapshot) {
    slice_->restore(*start.snapshot);
    log::info(context_.actor, "goes on at step {}", start.snapshot->step);
  }
  started_ = true;
  if (!is_first()) emit<BackwardItem>(kBackward, start, out);
}

void PipelineShard::take(const ActivationGradient& gradient, graph::Outbox& out) {
  ActivationGradient before = slice_->backward(gradient);
  if (!is_first()) {
    emit<BackwardItem>(kBackward, std::move(before), out);
  } else if (slice_->backward_is_done()) {
    take(GradientSquares{.step = gradient.step}, out);
  }
}

void PipelineShard::take(const StepDecision& decision, graph::Outbox& out) {
  slice_->finish_step(decision);
  taped_.set(static_cast<double>(std::exchange(most_taped_, 0)));
  in_step_ = false;
  if (!is_first()) {
    emit<BackwardItem>(kBackward, decision, out);
  } else if (decision.wants_squares || decision.wants_snapshot) {
    emit<ForwardItem>(kForward, slice_->state(decision.wants_squares, decision.wants_snapshot),
                      out);
  }
}

void PipelineShard::on_end(graph::Outbox& out) {
  // What the model shard's last snapshot needs; one that never began has no state to give.
  if (is_first() && started_) {
    emit<ForwardItem>(kForward, slice_->state(/*squares=*/false, /*snapshot=*/true), out);
  }
}

graph::ActorKind pipeline_shard_kind() {
  return graph::with_options<PipelineShardOptions, PipelineShard>({
      .name = "pipeline_shard",
      .doc = "Owns consecutive blocks of a tower, before the model shard, and their optimiser.",
      .inputs = {graph::by_replica(graph::port<ForwardItem>(
                     "activations", "ForwardItem",
                     "micro-batches, of the shard before or of the micro_batcher")),
                 graph::by_replica(graph::back_edge<BackwardItem>(
                     "gradients", "BackwardItem", "of what was sent, and how steps end")),
                 graph::by_replica(graph::optional_port<GroupMember>(
                     "group", "GroupMember", "of the replicas, where there are several"))},
      .outputs = {graph::port<ForwardItem>("activations", "ForwardItem", "for the next shard"),
                  graph::optional_port<BackwardItem>("gradients", "BackwardItem",
                                                     "for the shard before")},
      .metrics = {kTaped},
      .scheduling = graph::Scheduling::detached,
      .replicable = true,
      .placeable = true,
      .keeps_state = true,
      .example = "tower: image\nfrom: 0\nto: 3\npreset: nano",
  });
}

}  // namespace arno::actors

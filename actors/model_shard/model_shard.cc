// SPDX-License-Identifier: Apache-2.0
#include "actors/model_shard/model_shard.h"

#include <omp.h>

#include "actors/model_shard/share_state.h"

namespace arno::actors {
namespace {

using florence::Tower;

constexpr std::array<Tower, 2> kTowers{Tower::image, Tower::text};

}  // namespace

void ModelShardOptions::fields(ConfigFields& f) {
  trainer.fields(f);
  f.integer("image_from", image_from,
            {.doc = "first block of the image tower that is here; those before are in pipeline "
                    "shards",
             .min = 0});
  f.integer("text_from", text_from,
            {.doc = "the same of the text tower; as many as it has: none is here", .min = 0});
  f.integer("threads", threads, {.doc = "threads of the operators", .min = 1, .max = 1024});
  f.integer("checkpoint_every", checkpoint_every, {.doc = "steps between checkpoints", .min = 1});
  f.integer("evaluate_every", evaluate_every,
            {.doc = "steps between evaluations; 0: only at the end", .min = 0});
}

void ModelShardOptions::check(const graph::StageContext& context, const RawConfig& where,
                              ConfigProblems& problems) const {
  const int64_t rows = context.training.batch_size / context.replicas;
  if (trainer.micro_batch > rows) {
    problems.push_back(where.problem(
        fmt::format("found {}, expected at most {} {}", trainer.micro_batch,
                    context.replicas == 1 ? "training.batch_size" : "the replica's rows,", rows),
        "micro_batch"));
  }
  for (const auto& [tower, key] :
       {std::pair{Tower::image, "image_from"}, {Tower::text, "text_from"}}) {
    const int64_t blocks = trainer.model.blocks(tower);
    if (first_block(tower) <= blocks) continue;
    problems.push_back(where.problem(
        fmt::format("found {}, expected at most the tower's {} blocks", first_block(tower), blocks),
        key));
  }
  if (is_cut() && trainer.zero == 3) {
    problems.push_back(where.problem(
        "found 3, expected 0 to 2 of a model in a pipeline: its micro-batches go through the "
        "replicas in different orders, gathering parameters needs one",
        "zero"));
  }
}

ModelShard::ModelShard(const ModelShardOptions& options, const graph::StageContext& context)
    : options_(options), context_(context), fronts_(options.image_from > 0, options.text_from > 0) {
  if (context.replicas == 1) make_trainer(nullptr);
}

void ModelShard::make_trainer(std::shared_ptr<ops::Communicator> group) {
  std::shared_ptr<const florence::Snapshot> state = context_.from.state;
  if (context_.from.step > 0 && group) state = share_state(state, *group);
  trainer_.emplace(options_.trainer, context_.training, context_.seed, std::move(group),
                   florence::ModelSlice{.image = {.first = options_.image_from},
                                        .text = {.first = options_.text_from}});
  if (fronts_.any()) start_.emplace();
  if (context_.from.step > 0) {
    ARNO_CHECK(state && state->step == context_.from.step, Errc::data_corrupt,
               "[model_shard] found {} to go on from, expected the state of step {}",
               state ? fmt::format("step {}", state->step) : "nothing", context_.from.step);
    trainer_->restore(*state);
    if (start_) start_->snapshot = *state;
    last_snapshot_ = context_.from.step;
  }
  context_.from.state.reset();
}

void ModelShard::join(std::shared_ptr<ops::Communicator> group, graph::Outbox& out) {
  if (context_.replicas == 1) return;
  make_trainer(std::move(group));
  // What left after this step may be lost; whoever has had it ignores it.
  if (context_.from.back && context_.from.step > 0) send_due_snapshots(out);
}

bool ModelShard::accepts_item(int port, const graph::Payload& item) const {
  if (port != kImageActivations && port != kTextActivations) return accepts(port);
  const florence::MicroBatch* part = item.get<ForwardItem>().micro_batch();
  return trainer_ && (!part || trainer_->accepts(*part));
}

void ModelShard::on_item(int port, const graph::Payload& item, graph::Outbox& out) {
  omp_set_num_threads(static_cast<int>(options_.threads));
  switch (port) {
    case kBatches:
      start_step(item.get<florence::TrainingBatch>(), out);
      break;
    case kGradients:
      take_loss(item.get<LossItem>(), out);
      break;
    case kGroup:
      join(item.get<GroupMember>().member, out);
      break;
    case kImageActivations:
      take_forward(Tower::image, item.get<ForwardItem>(), out);
      break;
    default:
      take_forward(Tower::text, item.get<ForwardItem>(), out);
  }
  go_on(out);
}

void ModelShard::start_step(const florence::TrainingBatch& batch, graph::Outbox& out) {
  phases_.wait = watch_.lap();
  if (start_) {
    for (const Tower tower : kTowers) send_back(tower, {*start_}, out);
    start_.reset();
  }
  const int64_t rows = batch.size() / context_.replicas;
  const florence::TrainingBatch own =
      context_.replicas == 1 ? batch : florence::rows_of(batch, context_.replica * rows, rows);
  labels_ = own.labels;
  read_at_ = batch.read_at;
  batch_size_ = batch.size();
  step_under_way_ = true;
  trainer_->begin(own);
}

void ModelShard::take_loss(const LossItem& loss, graph::Outbox& out) {
  phases_.loss = watch_.lap();
  loss_ = {.step = loss.step, .gather_s = loss.gather_s};
  loss_.result.loss = loss.result.loss;
  loss_.result.floor = loss.result.floor;
  send_gradients(trainer_->begin_backward(loss.result), out);
}

void ModelShard::take_forward(Tower tower, const ForwardItem& item, graph::Outbox& out) {
  if (const florence::MicroBatch* part = item.micro_batch()) {
    send_gradients(trainer_->add(*part), out);
  } else if (const auto* squares = std::get_if<florence::GradientSquares>(&item.content)) {
    ARNO_CHECK(squares->step == trainer_->steps_done(), Errc::comm_failed,
               "[model_shard] got the gradients' norm of step {} in step {}", squares->step + 1,
               trainer_->steps_done() + 1);
    fronts_.take(tower, *squares);
  } else {
    fronts_.take(tower, std::get<florence::SliceState>(item.content));
  }
}

/// Makes whatever what has come allows.
void ModelShard::go_on(graph::Outbox& out) {
  if (trainer_->has_features()) send_features(out);
  if (trainer_->backward_is_done() && fronts_.have_squares()) decide_step(out);
  if (awaits_states_ && fronts_.have_states(trainer_->steps_done())) complete_step(out);
}

void ModelShard::send_features(graph::Outbox& out) {
  FeaturesItem features{.step = trainer_->steps_done(),
                        .features = trainer_->features(),
                        .labels = std::move(labels_)};
  phases_.forward = watch_.lap();
  const size_t bytes = features.features.image.size_bytes() + features.features.text.size_bytes();
  out.emit(kFeatures, graph::Payload::of(std::move(features), bytes));
}

std::shared_ptr<const florence::Snapshot> ModelShard::committed() const {
  if (!trainer_) return context_.from.state;
  if (options_.spreads_state()) return nullptr;
  return std::make_shared<const florence::Snapshot>(trainer_->snapshot());
}

void ModelShard::decide_step(graph::Outbox& out) {
  measures_ = fronts_.any() && trainer_->measures_next();
  outcome_ = trainer_->finish(fronts_.take_squares());
  const florence::StepDecision decision{
      .step = trainer_->steps_done() - 1,
      .grad_scale = outcome_.grad_scale,
      .wants_squares = measures_,
      .wants_snapshot = sends_snapshots() &&
                        (is_due(options_.checkpoint_every) || is_due(options_.evaluate_every))};
  for (const Tower tower : kTowers) send_back(tower, {decision}, out);
  awaits_states_ = fronts_.any() && (decision.wants_squares || decision.wants_snapshot);
  if (!awaits_states_) complete_step(out);
}

void ModelShard::complete_step(graph::Outbox& out) {
  awaits_states_ = false;
  step_under_way_ = false;
  if (measures_) {
    trainer_->measure_parameters(fronts_.parameter_squares());
    outcome_.parameter_norm = trainer_->parameter_norm();
  }
  report();
  send_due_snapshots(out);
  fronts_.drop_states();
  watch_.lap();
}

bool ModelShard::is_due(int64_t every) const {
  return every > 0 && trainer_->steps_done() % every == 0;
}

void ModelShard::on_end(graph::Outbox& out) {
  // Of one in a pipeline that never began there is no state: the shards before it have told none.
  if (!trainer_ || (start_ && !start_->snapshot)) return;
  const int64_t done = trainer_->steps_done();
  const bool complete = done >= context_.training.total_steps();
  send_snapshots(last_snapshot_ != done, complete && last_evaluation_ != done, out);
}

void ModelShard::report() {
  if (!context_.observer || context_.replica > 0) return;
  phases_.gather = loss_.gather_s;
  phases_.loss -= loss_.gather_s;
  phases_.backward = outcome_.backward_s;
  phases_.allreduce = outcome_.comm_wait_s;
  phases_.optimizer = outcome_.optimizer_s;
  const auto now = std::chrono::steady_clock::now();
  std::vector<double> latencies;
  for (const auto at : read_at_) {
    latencies.push_back(std::chrono::duration<double>(now - at).count());
  }
  const int64_t done = trainer_->steps_done();
  const auto stage = florence::stage_at(context_.training, done - 1);
  context_.observer->on_step({.step = done,
                              .total_steps = context_.training.total_steps(),
                              .stage = context_.training.stages[stage.index].name,
                              .loss = loss_.result.loss,
                              .floor = loss_.result.floor,
                              .learning_rate = outcome_.learning_rate,
                              .temperature = outcome_.temperature,
                              .grad_norm = outcome_.grad_norm,
                              .parameter_norm = outcome_.parameter_norm,
                              .images = batch_size_,
                              .phases = phases_,
                              .sample_latencies = std::move(latencies)});
}

void ModelShard::send_gradients(const std::vector<florence::ActivationGradient>& gradients,
                                graph::Outbox& out) const {
  for (const florence::ActivationGradient& gradient : gradients) {
    send_back(gradient.tower, {gradient}, out);
  }
}

/// To the shard before this one, where there is one.
void ModelShard::send_back(Tower tower, BackwardItem item, graph::Outbox& out) const {
  if (!fronts_.is_there(tower)) return;
  const size_t bytes = item.size_bytes();
  out.emit(tower == Tower::image ? kImageGradients : kTextGradients,
           graph::Payload::of(std::move(item), bytes));
}

/// The first replica sends them; what is spread over the others they put together with it.
bool ModelShard::sends_snapshots() const {
  return context_.replica == 0 || options_.trainer.zero > 0;
}

void ModelShard::send_due_snapshots(graph::Outbox& out) {
  send_snapshots(is_due(options_.checkpoint_every), is_due(options_.evaluate_every), out);
}

void ModelShard::send_snapshots(bool save, bool evaluate, graph::Outbox& out) {
  if (save) last_snapshot_ = trainer_->steps_done();
  if (evaluate) last_evaluation_ = trainer_->steps_done();
  if ((!save && !evaluate) || !sends_snapshots()) return;
  florence::Snapshot snapshot =
      start_ ? *start_->snapshot
             : trainer_->snapshot(fronts_.snapshot(Tower::image), fronts_.snapshot(Tower::text));
  if (context_.replica > 0) return;
  const size_t bytes = snapshot.size_bytes();
  const graph::Payload payload = graph::Payload::of(std::move(snapshot), bytes);
  if (save) out.emit(kSnapshots, payload);
  if (evaluate) out.emit(kEvaluations, payload);
}

graph::ActorKind model_shard_kind() {
  return graph::with_options<ModelShardOptions, ModelShard>({
      .name = "model_shard",
      .doc = "Owns the model and its optimiser; turns batches into features and gradients into "
             "steps. The first blocks of a tower may be in pipeline shards.",
      .inputs = {graph::by_replica(graph::port<florence::TrainingBatch>("batches", "TrainingBatch",
                                                                        "in step order")),
                 graph::by_replica(
                     graph::back_edge<LossItem>("gradients", "LossItem", "of the features sent")),
                 graph::by_replica(graph::optional_port<GroupMember>(
                     "group", "GroupMember", "of the replicas, where there are several")),
                 graph::by_replica(graph::optional_port<ForwardItem>(
                     "image_activations", "ForwardItem", "of the last shard of the image tower")),
                 graph::by_replica(graph::optional_port<ForwardItem>(
                     "text_activations", "ForwardItem", "of the last shard of the text tower"))},
      .outputs = {graph::port<FeaturesItem>("features", "FeaturesItem",
                                            "of a batch, or of the replica's rows of it"),
                  graph::optional_port<florence::Snapshot>("snapshots", "Snapshot",
                                                           "for the checkpointer"),
                  graph::optional_port<florence::Snapshot>("evaluations", "Snapshot",
                                                           "for evaluators"),
                  graph::optional_port<BackwardItem>("image_gradients", "BackwardItem",
                                                     "for the last shard of the image tower"),
                  graph::optional_port<BackwardItem>("text_gradients", "BackwardItem",
                                                     "for the last shard of the text tower")},
      .scheduling = graph::Scheduling::detached,
      .replicable = true,
      .placeable = true,
      .keeps_state = true,
      .example = "preset: nano\ncheckpoint_every: 500",
  });
}

}  // namespace arno::actors

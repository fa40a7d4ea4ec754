// SPDX-License-Identifier: Apache-2.0
#include "actors/model_shard/model_shard.h"

#include <omp.h>

#include "actors/model_shard/share_state.h"

namespace arno::actors {

void ModelShardOptions::fields(ConfigFields& f) {
  trainer.fields(f);
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
}

ModelShard::ModelShard(const ModelShardOptions& options, const graph::StageContext& context)
    : options_(options), context_(context) {
  if (context.replicas == 1) make_trainer(nullptr);
}

void ModelShard::make_trainer(std::shared_ptr<ops::Communicator> group) {
  std::shared_ptr<const florence::Snapshot> state = context_.from.state;
  if (context_.from.step > 0 && group) state = share_state(state, *group);
  trainer_.emplace(options_.trainer, context_.training, context_.seed, std::move(group));
  if (context_.from.step > 0) {
    ARNO_CHECK(state && state->step == context_.from.step, Errc::data_corrupt,
               "[model_shard] found {} to go on from, expected the state of step {}",
               state ? fmt::format("step {}", state->step) : "nothing", context_.from.step);
    trainer_->restore(*state);
    last_snapshot_ = context_.from.step;
  }
  context_.from.state.reset();
}

void ModelShard::on_item(int port, const graph::Payload& item, graph::Outbox& out) {
  omp_set_num_threads(static_cast<int>(options_.threads));
  if (port == kGroup) {
    if (context_.replicas == 1) return;
    make_trainer(item.get<GroupMember>().member);
    // What left after this step may be lost; whoever has had it ignores it.
    if (context_.from.back && context_.from.step > 0) emit_due(out);
  } else if (port == kGradients) {
    finish_step(item.get<LossItem>(), out);
  } else {
    start_step(item.get<florence::TrainingBatch>(), out);
  }
}

void ModelShard::start_step(const florence::TrainingBatch& batch, graph::Outbox& out) {
  phases_.wait = watch_.lap();
  const int64_t rows = batch.size() / context_.replicas;
  const florence::TrainingBatch own =
      context_.replicas == 1 ? batch : florence::rows_of(batch, context_.replica * rows, rows);
  FeaturesItem features{
      .step = batch.step, .features = trainer_->forward(own), .labels = own.labels};
  phases_.forward = watch_.lap();
  read_at_ = batch.read_at;
  const size_t bytes = features.features.image.size_bytes() + features.features.text.size_bytes();
  batch_size_ = batch.size();
  awaiting_loss_ = true;
  out.emit(kFeatures, graph::Payload::of(std::move(features), bytes));
}

void ModelShard::finish_step(const LossItem& loss, graph::Outbox& out) {
  phases_.loss = watch_.lap();
  const florence::StepOutcome outcome = trainer_->finish_step(loss.result);
  awaiting_loss_ = false;
  report(loss, outcome);
  emit_due(out);
  watch_.lap();
}

void ModelShard::emit_due(graph::Outbox& out) {
  const int64_t done = trainer_->steps_done();
  if (done % options_.checkpoint_every == 0) emit_snapshot(kSnapshots, out);
  if (options_.evaluate_every > 0 && done % options_.evaluate_every == 0) {
    emit_snapshot(kEvaluations, out);
  }
}

std::shared_ptr<const florence::Snapshot> ModelShard::committed() const {
  if (!trainer_) return context_.from.state;
  if (context_.replica > 0 || options_.trainer.zero > 0) return nullptr;
  return std::make_shared<const florence::Snapshot>(trainer_->snapshot());
}

void ModelShard::on_end(graph::Outbox& out) {
  if (!trainer_) return;
  const int64_t done = trainer_->steps_done();
  if (last_snapshot_ != done) emit_snapshot(kSnapshots, out);
  const bool complete = done >= context_.training.total_steps();
  if (complete && last_evaluation_ != done) emit_snapshot(kEvaluations, out);
}

void ModelShard::report(const LossItem& loss, const florence::StepOutcome& outcome) {
  if (!context_.observer || context_.replica > 0) return;
  phases_.gather = loss.gather_s;
  phases_.loss -= loss.gather_s;
  phases_.backward = outcome.backward_s;
  phases_.allreduce = outcome.comm_wait_s;
  phases_.optimizer = outcome.optimizer_s;
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
                              .loss = loss.result.loss,
                              .floor = loss.result.floor,
                              .learning_rate = outcome.learning_rate,
                              .temperature = outcome.temperature,
                              .grad_norm = outcome.grad_norm,
                              .parameter_norm = outcome.parameter_norm,
                              .images = batch_size_,
                              .phases = phases_,
                              .sample_latencies = std::move(latencies)});
}

void ModelShard::emit_snapshot(Output port, graph::Outbox& out) {
  (port == kSnapshots ? last_snapshot_ : last_evaluation_) = trainer_->steps_done();
  // The first replica sends it; what is spread over the others they put together with it.
  if (context_.replica > 0 && options_.trainer.zero == 0) return;
  florence::Snapshot snapshot = trainer_->snapshot();
  if (context_.replica > 0) return;
  const size_t bytes = snapshot.size_bytes();
  out.emit(port, graph::Payload::of(std::move(snapshot), bytes));
}

graph::ActorKind model_shard_kind() {
  return graph::with_options<ModelShardOptions, ModelShard>({
      .name = "model_shard",
      .doc = "Owns the model and its optimiser; turns batches into features and gradients into "
             "steps.",
      .inputs = {graph::by_replica(graph::port<florence::TrainingBatch>("batches", "TrainingBatch",
                                                                        "in step order")),
                 graph::by_replica(
                     graph::back_edge<LossItem>("gradients", "LossItem", "of the features sent")),
                 graph::by_replica(graph::optional_port<GroupMember>(
                     "group", "GroupMember", "of the replicas, where there are several"))},
      .outputs = {graph::port<FeaturesItem>("features", "FeaturesItem",
                                            "of a batch, or of the replica's rows of it"),
                  graph::optional_port<florence::Snapshot>("snapshots", "Snapshot",
                                                           "for the checkpointer"),
                  graph::optional_port<florence::Snapshot>("evaluations", "Snapshot",
                                                           "for evaluators")},
      .scheduling = graph::Scheduling::detached,
      .replicable = true,
      .placeable = true,
      .keeps_state = true,
      .example = "preset: nano\ncheckpoint_every: 500",
  });
}

}  // namespace arno::actors

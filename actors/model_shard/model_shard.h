// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "actors/items.h"
#include "common/stop_watch.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// The model and its optimiser, and how often the state leaves the actor.
struct ModelShardOptions {
  florence::TrainerConfig trainer;
  int64_t threads = 2;             ///< of the operators
  int64_t checkpoint_every = 500;  ///< steps between snapshots for the checkpointer
  int64_t evaluate_every = 0;      ///< steps between snapshots for the evaluator; 0: at the end

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const;
};

/// Owns the model, its optimiser and its tape. A batch becomes features; the loss's gradients of
/// them become a step. Snapshots of the state leave on `snapshots` and `evaluations`; one is
/// always taken at the end of the stream.
///
/// Each of several replicas takes its rows of every batch and sums gradients over their group;
/// their states are equal, and the first one reports and sends snapshots.
class ModelShard final : public graph::Stage {
 public:
  enum Input { kBatches, kGradients, kGroup };
  enum Output { kFeatures, kSnapshots, kEvaluations };

  ModelShard(const ModelShardOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;
  bool accepts(int port) const override {
    return port != kBatches || (trainer_ && !awaiting_loss_);
  }
  void on_end(graph::Outbox& out) override;
  /// The first replica's, unless its state is spread over the group.
  std::shared_ptr<const florence::Snapshot> committed() const override;
  bool has_pending_work() const override { return awaiting_loss_; }

 private:
  void make_trainer(std::shared_ptr<ops::Communicator> group);
  void start_step(const florence::TrainingBatch& batch, graph::Outbox& out);
  void finish_step(const LossItem& loss, graph::Outbox& out);
  void emit_due(graph::Outbox& out);
  void report(const LossItem& loss, const florence::StepOutcome& outcome);
  void emit_snapshot(Output port, graph::Outbox& out);

  ModelShardOptions options_;
  graph::StageContext context_;
  std::optional<florence::Trainer> trainer_;  ///< of several replicas, once they have a group
  bool awaiting_loss_ = false;
  int64_t batch_size_ = 0;
  std::vector<std::chrono::steady_clock::time_point> read_at_;  ///< of the batch's samples
  graph::StepPhases phases_;
  StopWatch watch_;  ///< between the calls of a step
  int64_t last_snapshot_ = -1;
  int64_t last_evaluation_ = -1;
};

/// Inputs: batches, gradients of the loss, the replicas' group. Outputs: features, snapshots to
/// save and to evaluate.
graph::ActorKind model_shard_kind();

}  // namespace arno::actors

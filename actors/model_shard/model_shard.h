// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "actors/items.h"
#include "actors/model_shard/fronts.h"
#include "actors/pipeline_items.h"
#include "common/stop_watch.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// The model and its optimiser, and how often the state leaves the actor.
struct ModelShardOptions {
  florence::TrainerConfig trainer;
  int64_t image_from = 0;          ///< first block of the image tower that is here
  int64_t text_from = 0;           ///< first block of the text tower that is here
  int64_t threads = 2;             ///< of the operators
  int64_t checkpoint_every = 500;  ///< steps between snapshots for the checkpointer
  int64_t evaluate_every = 0;      ///< steps between snapshots for the evaluator; 0: at the end

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const;

  /// First block of a tower that is here; those before are in pipeline shards.
  int64_t first_block(florence::Tower tower) const {
    return tower == florence::Tower::image ? image_from : text_from;
  }
  bool is_cut() const { return image_from > 0 || text_from > 0; }
  bool spreads_state() const { return trainer.zero > 0 || is_cut(); }
};

/// Owns the model, its optimiser and its tape. A batch becomes features; the loss's gradients of
/// them become a step. Snapshots of the state leave on `snapshots` and `evaluations`; one is
/// always taken at the end of the stream.
///
/// Each of several replicas takes its rows of every batch and sums gradients over their group;
/// their states are equal, and the first one reports and sends snapshots.
///
/// The first blocks of a tower may be in pipeline shards: this one has the rest, and decides for
/// all how a step ends.
class ModelShard final : public graph::Stage {
 public:
  enum Input { kBatches, kGradients, kGroup, kImageActivations, kTextActivations };
  enum Output { kFeatures, kSnapshots, kEvaluations, kImageGradients, kTextGradients };

  ModelShard(const ModelShardOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;
  bool accepts(int port) const override {
    return port != kBatches || (trainer_ && !step_under_way_);
  }
  bool accepts_item(int port, const graph::Payload& item) const override;
  void on_end(graph::Outbox& out) override;
  /// The first replica's, unless its state is spread over the group or over other shards.
  std::shared_ptr<const florence::Snapshot> committed() const override;
  bool has_pending_work() const override { return step_under_way_; }

 private:
  void make_trainer(std::shared_ptr<ops::Communicator> group);
  void join(std::shared_ptr<ops::Communicator> group, graph::Outbox& out);
  void start_step(const florence::TrainingBatch& batch, graph::Outbox& out);
  void take_loss(const LossItem& loss, graph::Outbox& out);
  void take_forward(florence::Tower tower, const ForwardItem& item, graph::Outbox& out);
  void go_on(graph::Outbox& out);
  void send_features(graph::Outbox& out);
  void decide_step(graph::Outbox& out);
  void complete_step(graph::Outbox& out);
  bool is_due(int64_t every) const;
  void report();
  void send_gradients(const std::vector<florence::ActivationGradient>& gradients,
                      graph::Outbox& out) const;
  void send_back(florence::Tower tower, BackwardItem item, graph::Outbox& out) const;
  bool sends_snapshots() const;
  void send_due_snapshots(graph::Outbox& out);
  void send_snapshots(bool save, bool evaluate, graph::Outbox& out);

  ModelShardOptions options_;
  graph::StageContext context_;
  std::optional<florence::Trainer> trainer_;  ///< of several replicas, once they have a group
  Fronts fronts_;
  /// What the shards before this one begin with; until it has been sent.
  std::optional<florence::SliceStart> start_;
  bool step_under_way_ = false;
  bool awaits_states_ = false;  ///< the step is decided; the shards before have to tell their state
  bool measures_ = false;       ///< in this step, the norm of the parameters
  std::vector<int32_t> labels_;  ///< of the rows that are here, until the features are sent
  LossItem loss_;                ///< of the step, without its gradients
  florence::StepOutcome outcome_;
  int64_t batch_size_ = 0;
  std::vector<std::chrono::steady_clock::time_point> read_at_;  ///< of the batch's samples
  graph::StepPhases phases_;
  StopWatch watch_;  ///< between the calls of a step
  int64_t last_snapshot_ = -1;
  int64_t last_evaluation_ = -1;
};

/// Inputs: batches, gradients of the loss, the replicas' group, what the shards before it send.
/// Outputs: features, snapshots to save and to evaluate, what goes back to the shards before it.
graph::ActorKind model_shard_kind();

}  // namespace arno::actors

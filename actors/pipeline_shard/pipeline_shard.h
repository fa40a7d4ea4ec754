// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "actors/items.h"
#include "actors/pipeline_items.h"
#include "florence/training/pipeline_slice.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// Which blocks a shard owns, and how it trains them.
struct PipelineShardOptions {
  std::string tower = "image";
  int64_t from = 0;                 ///< first block of the tower that is here
  int64_t to = 1;                   ///< block after the last one
  florence::TrainerConfig trainer;  ///< that of the model shard
  int64_t threads = 2;              ///< of the operators

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const;

  florence::Tower which() const;
};

/// Owns consecutive blocks of a tower, their optimiser and their tapes, before the model shard,
/// which has the rest. Micro-batches go forward through it, their gradients back, in whatever order
/// they come; those that have a tape keep the credit of the edge that brought them until their
/// gradient is back. So the credit of that edge is the schedule: 1F1B with little, GPipe with that
/// of all micro-batches.
///
/// The model shard decides how a step ends, and what state all begin with; both come back from
/// shard to shard, and what it has to know goes forward the same way. Of several replicas each
/// pipeline has its own shards, and those of the same blocks sum gradients over their group.
class PipelineShard final : public graph::Stage {
 public:
  enum Input { kActivations, kGradients, kGroup };
  enum Output { kForward, kBackward };

  PipelineShard(const PipelineShardOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;
  bool accepts_item(int port, const graph::Payload& item) const override;
  int64_t holds(int port) const override;
  std::optional<graph::Room> room_for(int port) const override;
  void on_end(graph::Outbox& out) override;
  bool has_pending_work() const override { return in_step_; }

 private:
  bool is_first() const { return options_.from == 0; }
  void make_slice(std::shared_ptr<ops::Communicator> group);
  // What comes from the shard before.
  void take(const florence::MicroBatch& part, graph::Outbox& out);
  void take(florence::GradientSquares before, graph::Outbox& out);
  void take(florence::SliceState before, graph::Outbox& out);
  // What comes back from the next one.
  void take(const florence::SliceStart& start, graph::Outbox& out);
  void take(const florence::ActivationGradient& gradient, graph::Outbox& out);
  void take(const florence::StepDecision& decision, graph::Outbox& out);

  PipelineShardOptions options_;
  graph::StageContext context_;
  std::optional<florence::PipelineSlice> slice_;  ///< of several replicas, once they have a group
  bool started_ = false;                          ///< knows what state to begin with
  bool in_step_ = false;
  int64_t largest_ = 0;     ///< bytes of what went forward
  int64_t most_taped_ = 0;  ///< in this step
  monitoring::Gauge taped_;
};

/// Inputs: micro-batches, what comes back, the replicas' group. Outputs: micro-batches for the next
/// shard, gradients for the one before.
graph::ActorKind pipeline_shard_kind();

}  // namespace arno::actors

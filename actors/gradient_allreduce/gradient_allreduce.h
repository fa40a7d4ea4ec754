// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/items.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// How replicas wait for each other.
struct GradientAllreduceOptions {
  int64_t deadline_s = 60;     ///< a replica that is silent longer ends the group
  bool plain_network = false;  ///< replicas may talk over a network in the clear

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// Forms the groups of a job's replicas when the job starts, and shows what they exchange. A call
/// into a stage is synchronous, so a model shard that is in its backward could not take messages;
/// it gets its member of the group here and hands it buckets on a thread of its own.
class GradientAllreduce final : public graph::Stage {
 public:
  enum Output { kGradients, kFeatures };

  GradientAllreduce(const GradientAllreduceOptions& options, const graph::StageContext& context)
      : options_(options), context_(context) {
    context_.from = {};
  }

  void on_item(int, const graph::Payload&, graph::Outbox&) override {}
  graph::Produced produce(graph::Outbox& out) override;

 private:
  void join(Output port, const std::string& purpose, graph::Outbox& out);

  GradientAllreduceOptions options_;
  graph::StageContext context_;
};

/// Outputs: a member of the gradients' group for each replica of a model shard, and of the
/// features' group for each replica of the loss.
graph::ActorKind gradient_allreduce_kind();

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/pipeline_items.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// How batches are cut.
struct MicroBatcherOptions {
  int64_t micro_batch = 0;  ///< samples of a micro-batch; 0: the whole batch

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const;
};

/// Sends each batch into a pipeline: whole, or in micro-batches that go through it twice, for their
/// features and, with a tape, for their backward. Runs ahead as far as the credit of its edges lets
/// it; the shards take each micro-batch when its time has come.
class MicroBatcher final : public graph::Stage {
 public:
  enum Input { kBatches };
  enum Output { kImages, kTexts };

  MicroBatcher(const MicroBatcherOptions& options, const graph::StageContext& context)
      : options_(options), replica_(context.replica), replicas_(context.replicas) {}

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  MicroBatcherOptions options_;
  int64_t replica_;
  int64_t replicas_;
};

/// Input: batches. Outputs: micro-batches for the first shards of the image and of the text tower.
graph::ActorKind micro_batcher_kind();

}  // namespace arno::actors

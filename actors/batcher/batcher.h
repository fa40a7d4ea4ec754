// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "actors/items.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// None: the batch size is the training's, as every actor has to agree on it.
struct BatcherOptions {
  void fields(ConfigFields&) {}
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// Restores the order of the slots and groups them into the batches of the optimiser's steps. What
/// waits for an earlier slot is bounded by the reader's window, which `delivered` moves on. A
/// batch that the end of the stream leaves incomplete is dropped: a resumed job reads it again.
class Batcher final : public graph::Stage {
 public:
  enum Input { kSamples };
  enum Output { kBatches, kDelivered };

  Batcher(const BatcherOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  florence::TrainingBatch assemble(int64_t step) const;

  int64_t batch_size_;
  uint64_t next_slot_;
  monitoring::Counter repeated_;
  std::map<uint64_t, std::shared_ptr<const TokenizedItem>> waiting_;
  std::vector<std::shared_ptr<const TokenizedItem>> rows_;
};

/// Input: samples in any order. Outputs: batches in step order, how far the order is complete.
graph::ActorKind batcher_kind();

}  // namespace arno::actors

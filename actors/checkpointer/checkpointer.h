// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/items.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// How many checkpoints stay, and what a full disk means for the job.
struct CheckpointerOptions {
  int64_t keep = 3;                 ///< newest checkpoints that stay
  std::string on_failure = "stop";  ///< what a failed write does: stop or warn

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// Writes snapshots to disk while the training goes on.
class Checkpointer final : public graph::Stage {
 public:
  enum Input { kSnapshots };

  Checkpointer(const CheckpointerOptions& options, const graph::StageContext& context)
      : options_(options), context_(context) {}

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  CheckpointerOptions options_;
  graph::StageContext context_;
};

/// Input: snapshots. No output; blocks on the disk, so it is detached.
graph::ActorKind checkpointer_kind();

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include "actors/checkpointer/checkpointer.h"

#include "common/log.h"
#include "florence/training/checkpoint.h"

namespace arno::actors {

void CheckpointerOptions::fields(ConfigFields& f) {
  f.integer("keep", keep, {.doc = "newest checkpoints that stay", .min = 1});
  f.text("on_failure", on_failure,
         {.doc = "when a checkpoint cannot be written (disk full, say): stop the job, or warn and "
                 "try again at the next",
          .one_of = {"stop", "warn"}});
}

void Checkpointer::on_item(int, const graph::Payload& item, graph::Outbox&) {
  const auto& snapshot = item.get<florence::Snapshot>();
  try {
    const auto path = florence::save_checkpoint(context_.output, snapshot);
    florence::prune_checkpoints(context_.output, options_.keep);
    if (context_.observer) context_.observer->on_checkpoint(snapshot.step, path.string());
  } catch (const Error& error) {
    if (options_.on_failure == "stop") throw;
    log::warn(context_.actor, "step {} was not saved: {}", snapshot.step, error.what());
  }
}

graph::ActorKind checkpointer_kind() {
  return graph::with_options<CheckpointerOptions, Checkpointer>({
      .name = "checkpointer",
      .doc = "Writes snapshots to disk, atomically, and keeps the newest.",
      .inputs = {graph::port<florence::Snapshot>("snapshots", "Snapshot", "of the model shard")},
      .outputs = {},
      .scheduling = graph::Scheduling::detached,
      .restartable = true,
      .example = "keep: 3",
  });
}

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include "graph/commit.h"

#include "common/log.h"
#include "florence/training/checkpoint.h"

namespace arno::graph {

Commit newest_commit(const std::filesystem::path& run) {
  std::optional<florence::CheckpointEntry> newest = florence::newest_checkpoint(run);
  while (newest) {
    try {
      auto state = florence::load_checkpoint(newest->path);
      log::info("job", "resumed at step {} from {}", newest->step, newest->path.string());
      return {newest->step, std::make_shared<const florence::Snapshot>(std::move(state))};
    } catch (const Error&) {
      // A newer one may have come, and this one have gone, while it was read.
      const auto again = florence::newest_checkpoint(run);
      if (!again || again->step <= newest->step) throw;
      newest = again;
    }
  }
  return {};
}

}  // namespace arno::graph

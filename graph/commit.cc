// SPDX-License-Identifier: Apache-2.0
#include "graph/commit.h"

#include "common/log.h"
#include "florence/training/checkpoint.h"
#include "io/atomic_file.h"
#include "io/directory_lock.h"

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

std::filesystem::path save_commit(const std::filesystem::path& run, const florence::Snapshot& state,
                                  const std::string& job_yaml) {
  std::error_code failed;
  std::filesystem::create_directories(run, failed);
  const io::DirectoryLock lock(run);
  const std::optional<florence::CheckpointEntry> newest = florence::newest_checkpoint(run);
  if (newest && newest->step > state.step) return newest->path;
  const std::filesystem::path job_file = run / "job.yaml";
  if (!std::filesystem::exists(job_file)) io::write_file_atomically(job_file, job_yaml);
  return florence::save_checkpoint(run, state);
}

}  // namespace arno::graph

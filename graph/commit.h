// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "florence/training/snapshot.h"

namespace arno::graph {

/// A state of the training that a graph can start from: everything after it is a function of it and
/// the configuration.
struct Commit {
  int64_t step = 0;  ///< steps that are done
  /// The tensors. Null at step 0, and on nodes: there replicas get them from one that has them.
  std::shared_ptr<const florence::Snapshot> state;
  /// A running job goes back to it: what left the model after this step may be lost.
  bool back = false;
};

/// The newest checkpoint of a run, read; step 0 when there is none. Whoever writes checkpoints may
/// go on meanwhile. Throws io_failed or data_corrupt, naming the file.
Commit newest_commit(const std::filesystem::path& run);

/// Writes a state of a run that nobody launches any more as a checkpoint, for whoever resumes it,
/// and the job file beside it where there is none. Returns the folder of the checkpoint; that of a
/// later step where the run has one. Throws io_failed, also when a job uses the folder.
std::filesystem::path save_commit(const std::filesystem::path& run, const florence::Snapshot& state,
                                  const std::string& job_yaml);

}  // namespace arno::graph

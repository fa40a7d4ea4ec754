// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

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

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "florence/training/snapshot.h"

namespace arno::florence {

/// A complete checkpoint on disk.
struct CheckpointEntry {
  int64_t step = 0;
  std::filesystem::path path;  ///< its folder
};

/// Writes `<run>/checkpoints/step-00001000/` with weights.safetensors (UniCL's names; what other
/// tools need) and optimizer.safetensors. The folder gets its name only when everything in it is
/// safe on disk, so what has the name is complete. A step that is there already stays as it is: a
/// run makes each step's state once. Returns the folder. Throws io_failed; then
/// nothing is left behind and earlier checkpoints are as they were.
std::filesystem::path save_checkpoint(const std::filesystem::path& run, const Snapshot& snapshot);

/// Complete checkpoints of a run, oldest first.
std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& run);
std::optional<CheckpointEntry> newest_checkpoint(const std::filesystem::path& run);

/// Deletes all but the newest `keep` checkpoints, and what an interrupted write left behind.
void prune_checkpoints(const std::filesystem::path& run, int64_t keep);

/// Reads a checkpoint's folder. Throws io_failed or data_corrupt, naming the file.
Snapshot load_checkpoint(const std::filesystem::path& folder);
/// The same without the optimiser's state. Takes a checkpoint's folder, a run's folder (its newest
/// checkpoint is read) or a weights.safetensors file.
Snapshot load_weights(const std::filesystem::path& path);

}  // namespace arno::florence

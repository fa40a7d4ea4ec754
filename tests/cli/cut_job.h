// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/cli/job_fixture.h"

namespace arno::cli {

/// Where the towers of a tiny model are cut. Its image tower has 5 blocks, its text tower 1.
struct Cut {
  std::vector<int> image;  ///< first blocks of all shards but the first
  bool text = false;       ///< the text tower's block has a shard of its own
  int capacity = 2;        ///< of the edges forward
  std::string training;    ///< options of all shards, "clip_norm: 1"; micro_batch is the last one
  /// Where the image tower's shards are, each on the first one of these that is there, or here.
  std::vector<std::string> nodes;
};

/// The job with its towers cut into shards. `trainer`: options of its model
/// (JobTest::trainer_options()).
TinyJob cut_job(TinyJob tiny, const Cut& cut, const std::string& trainer);
/// The same job, uncut.
TinyJob whole_job(TinyJob tiny, const Cut& cut);

}  // namespace arno::cli

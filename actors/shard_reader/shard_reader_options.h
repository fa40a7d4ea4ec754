// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/shard_reader/source_options.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// The step at which a source of a running job joins or leaves when nobody names one: as soon as it
/// can.
constexpr int64_t kSoon = -1;

/// What is read, how far ahead of the batcher, and how much of it may be bad.
struct ShardReaderOptions {
  std::vector<SourceOptions> sources;
  int64_t window = 1024;        ///< slots that may be under way at once
  double max_bad_share = 0.05;  ///< of the samples read; above it the job stops

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig& where, ConfigProblems& problems) const;
  /// Adds the sources of a patch.
  void extend(const RawConfig& patch, ConfigProblems& problems);
  /// The source of this name gives its last sample as soon as it can.
  void retire(const std::string& source, const RawConfig& where, ConfigProblems& problems);
};

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// How a program of its own feeds a data source (docs/frames.md). At most `ahead` samples of at
/// most `max_sample_mb` wait here for their slot.
struct ProducerOptions {
  std::string listen;
  std::string key;  ///< folder of a job key; empty: none
  int64_t ahead = 64;
  int64_t max_sample_mb = 4;
  bool long_texts = false;

  void fields(ConfigFields& f);
  void check(const RawConfig& where, const std::string& path, ConfigProblems& problems) const;
  /// Whether others than this machine reach it.
  bool is_open() const;
};

/// One data source of a job.
struct SourceOptions {
  std::string name;
  std::vector<std::string> shards;          ///< paths, folders, brace expressions
  std::optional<ProducerOptions> producer;  ///< instead of shards
  double weight = 1;                        ///< share of the slots, relative to the other sources'
  int64_t from_step = 0;                    ///< of the training: before it the source gives nothing
  int64_t until_step = 0;                   ///< from it on neither; 0: it gives to the end

  void fields(ConfigFields& f);
  /// `path`: of the source in `where`.
  void check(const RawConfig& where, const std::string& path, ConfigProblems& problems) const;
};

}  // namespace arno::actors

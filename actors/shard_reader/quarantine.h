// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "actors/items.h"
#include "io/line_file.h"

namespace arno::actors {

/// The list of samples that could not be used, in `<run>/quarantine.jsonl`: one JSON object a
/// line, each sample once, also over resumed runs.
class Quarantine {
 public:
  /// Throws io_failed.
  explicit Quarantine(const std::filesystem::path& run);

  /// Notes a bad sample; returns false when it was known.
  bool add(const std::string& source, uint64_t index, const std::string& cause,
           const std::string& detail);

 private:
  io::LineFile file_;
  std::set<std::pair<std::string, uint64_t>> known_;
};

}  // namespace arno::actors

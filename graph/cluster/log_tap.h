// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "graph/cluster/wire.h"

namespace arno::graph {

/// While it lives, lines of the log are also kept for whoever takes them: the last few hundred. It
/// never waits, and says how many it had to leave out. Thread-safe.
class LogTap {
 public:
  LogTap();
  ~LogTap();
  LogTap(const LogTap&) = delete;
  LogTap& operator=(const LogTap&) = delete;

  /// Lines since the last time, oldest first, and how many more there were.
  std::pair<std::vector<LogLine>, int32_t> take();

 private:
  void keep(log::Level level, std::string_view component, std::string_view message);

  log::Sink before_;
  std::mutex mutex_;
  std::deque<LogLine> lines_;
  int32_t dropped_ = 0;
};

/// Writes lines that a node has told to the log here, under its name. What would disturb a terminal
/// is left out.
void write_lines_of(const std::string& node, const std::vector<LogLine>& lines, int32_t dropped);

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace arno::io {

/// Appends lines to a file, at once and whole. What cannot be written, because the disk is full
/// say, waits (up to 16 MiB), is tried again with a later line, and leaves before it; the log says
/// so once. Nothing throws after the constructor: whoever has a line to write goes on. Thread-safe.
class LineFile {
 public:
  using Clock = std::chrono::steady_clock;
  /// Between two attempts to write what waits.
  static constexpr std::chrono::milliseconds kPause{500};

  /// Opens or makes the file. `component`: of what it logs. `now` tells the time. Throws io_failed.
  LineFile(std::filesystem::path path, std::string component,
           std::function<Clock::time_point()> now = Clock::now);
  /// Tries once more to write what waits; the log says how many lines are lost.
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// Without its newline.
  void add(std::string_view line);

 private:
  bool write_waiting();

  std::filesystem::path path_;
  std::string component_;
  std::function<Clock::time_point()> now_;
  int file_ = -1;
  std::mutex mutex_;
  std::string waiting_;                    ///< lines that are not written
  int64_t lost_ = 0;                       ///< lines for which there was no room
  std::optional<Clock::time_point> full_;  ///< when the last attempt failed
};

}  // namespace arno::io

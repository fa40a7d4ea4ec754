// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

namespace arno::io {

/// Appends lines to a file, at once and whole. What cannot be written, because the disk is full
/// say, waits (up to 16 MiB) and leaves before later lines do; the log says so once. Nothing throws
/// after the constructor: whoever has a line to write goes on. Thread-safe.
class LineFile {
 public:
  /// Opens or makes the file. `component`: of what it logs. Throws io_failed.
  LineFile(std::filesystem::path path, std::string component);
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
  int file_ = -1;
  std::mutex mutex_;
  std::string waiting_;  ///< lines that are not written
  int64_t lines_ = 0;    ///< in it
  int64_t lost_ = 0;     ///< for which there was no room
  bool failed_ = false;  ///< the last time
};

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace arno::cli {

/// What a process left behind.
struct Finished {
  int code = -1;         ///< exit code; -n when signal n ended it
  std::string text;      ///< standard output and error
  int64_t peak_kib = 0;  ///< largest resident size
};

/// `arno`, or another program, with arguments, started at once.
class Process {
 public:
  /// `file_kib`: no file may grow beyond so many KiB (0: no limit), as on a full disk.
  Process(const std::vector<std::string>& args, const std::filesystem::path& log,
          int64_t file_kib = 0, const std::string& program = ARNO_BINARY);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Kills what still runs.
  ~Process();

  void signal(int number) const;
  bool running();
  Finished wait();

 private:
  bool reap(int flags);

  std::filesystem::path log_;
  pid_t pid_ = -1;
  bool ended_ = false;
  Finished finished_;
};

}  // namespace arno::cli

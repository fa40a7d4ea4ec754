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

/// How a process is started.
struct ProcessOptions {
  int64_t file_kib = 0;  ///< no file may grow beyond so many KiB; 0: no limit
  std::string program = ARNO_BINARY;
  int network = -1;  ///< file of the network namespace it lives in (testing::Host); -1: ours
};

/// `arno`, or another program, with arguments, started at once. It does not outlive this process.
class Process {
 public:
  Process(const std::vector<std::string>& args, const std::filesystem::path& log,
          const ProcessOptions& options = {});
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

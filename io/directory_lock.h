// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

namespace arno::io {

/// Makes sure that one job at a time uses a folder, by flock(2) on its `.lock` file. The lock ends
/// with the object or with the process, however it dies; the file stays.
class DirectoryLock {
 public:
  /// Throws io_failed if the folder is missing or cannot be written, and, naming the other job's
  /// process, if the folder is in use.
  explicit DirectoryLock(const std::filesystem::path& folder);
  DirectoryLock(DirectoryLock&&) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) noexcept;
  ~DirectoryLock();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace arno::io::detail {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { close(); }

  /// open(2) with O_CLOEXEC. Throws io_failed.
  static FileDescriptor open(std::string_view component, const std::filesystem::path& path,
                             int flags);

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  /// Returns the result of close(2); 0 if nothing was open.
  int close();

 private:
  int fd_ = -1;
};

/// Throws io_failed: "[component] doing 'path': what errno says".
[[noreturn]] void fail_errno(std::string_view component, std::string_view doing,
                             const std::filesystem::path& path);

}  // namespace arno::io::detail

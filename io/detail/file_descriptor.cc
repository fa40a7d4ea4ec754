// SPDX-License-Identifier: Apache-2.0
#include "io/detail/file_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/error.h"

namespace arno::io::detail {

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileDescriptor FileDescriptor::open(std::string_view component, const std::filesystem::path& path,
                                    int flags) {
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0666));
  if (!file.is_open()) fail_errno(component, "opening", path);
  return file;
}

int FileDescriptor::close() {
  const int fd = std::exchange(fd_, -1);
  return fd < 0 ? 0 : ::close(fd);
}

void fail_errno(std::string_view component, std::string_view doing,
                const std::filesystem::path& path) {
  const int code = errno;
  fail(Errc::io_failed, "[{}] {} '{}': {}", component, doing, path.string(),
       std::generic_category().message(code));
}

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#include "io/directory_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include "common/error.h"
#include "io/detail/file_descriptor.h"

namespace arno::io {
namespace {

constexpr std::string_view kComponent = "directory_lock";

/// The process that wrote the lock file; 0 if it says nothing sensible (yet).
int holder(int fd) {
  char text[16];
  const ssize_t size = ::pread(fd, text, sizeof(text), 0);
  int pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

}  // namespace

struct DirectoryLock::State {
  detail::FileDescriptor file;
};

DirectoryLock::DirectoryLock(const std::filesystem::path& folder)
    : state_(std::make_unique<State>()) {
  const std::filesystem::path path = folder / ".lock";
  state_->file = detail::FileDescriptor::open(kComponent, path, O_RDWR | O_CREAT);
  const int fd = state_->file.get();
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) detail::fail_errno(kComponent, "locking", path);
    const int pid = holder(fd);
    fail(Errc::io_failed, "[{}] another job (process {}) uses folder '{}'", kComponent,
         pid > 0 ? std::to_string(pid) : "unknown", folder.string());
  }
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) {
    detail::fail_errno(kComponent, "writing", path);
  }
}

DirectoryLock::DirectoryLock(DirectoryLock&&) noexcept = default;
DirectoryLock& DirectoryLock::operator=(DirectoryLock&&) noexcept = default;
DirectoryLock::~DirectoryLock() = default;

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "io/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "common/log.h"
#include "io/detail/file_descriptor.h"

namespace arno::io {
namespace {

constexpr size_t kMostWaiting = size_t{16} << 20;

/// Appends all of a text or, as far as that is possible, nothing of it. Sets errno.
bool append(int file, const std::string& text) {
  struct stat before {};
  if (fstat(file, &before) != 0) return false;
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t more = ::write(file, text.data() + written, text.size() - written);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) break;
    written += static_cast<size_t>(more);
  }
  if (written == text.size()) return true;
  const int code = errno;
  // Half a line would spoil the next one. A file that cannot be cut, such as a pipe, keeps it.
  [[maybe_unused]] const int cut = written > 0 ? ftruncate(file, before.st_size) : 0;
  errno = code;
  return false;
}

}  // namespace

LineFile::LineFile(std::filesystem::path path, std::string component)
    : path_(std::move(path)), component_(std::move(component)) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) detail::fail_errno(component_, "opening", path_);
}

LineFile::~LineFile() {
  const std::scoped_lock lock(mutex_);
  if (!write_waiting()) lost_ += lines_;
  if (lost_ > 0) log::warn(component_, "{}: {} lines were not written", path_.string(), lost_);
  ::close(file_);
}

void LineFile::add(std::string_view line) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() + line.size() < kMostWaiting) {
    waiting_.append(line).push_back('\n');
    ++lines_;
  } else {
    ++lost_;
  }
  const bool failed = !write_waiting();
  if (failed && !failed_) {
    log::warn(component_, "{}: {}; lines wait until they can be written", path_.string(),
              std::strerror(errno));
  }
  failed_ = failed;
}

bool LineFile::write_waiting() {
  if (!append(file_, waiting_)) return false;
  waiting_.clear();
  lines_ = 0;
  return true;
}

}  // namespace arno::io

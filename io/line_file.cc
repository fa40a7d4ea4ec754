// SPDX-License-Identifier: Apache-2.0
#include "io/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "common/log.h"
#include "io/detail/file_descriptor.h"

namespace arno::io {
namespace {

constexpr size_t kMostWaiting = size_t{16} << 20;

/// Appends as many lines of a text as there is room for, whole. Returns how much of it is written;
/// when that is not all, errno says why.
size_t append(int file, std::string_view text) {
  struct stat before {};
  if (fstat(file, &before) != 0) return 0;
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t more = ::write(file, text.data() + written, text.size() - written);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) break;
    written += static_cast<size_t>(more);
  }
  if (written == text.size()) return written;
  const int code = errno;
  const size_t whole = text.substr(0, written).rfind('\n') + 1;
  // Half a line would spoil the next one. Where it cannot be cut off, its rest is next.
  const bool cut =
      whole < written && ftruncate(file, before.st_size + static_cast<off_t>(whole)) == 0;
  errno = code;
  return cut ? whole : written;
}

}  // namespace

LineFile::LineFile(std::filesystem::path path, std::string component,
                   std::function<Clock::time_point()> now)
    : path_(std::move(path)), component_(std::move(component)), now_(std::move(now)) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) detail::fail_errno(component_, "opening", path_);
}

LineFile::~LineFile() {
  const std::scoped_lock lock(mutex_);
  write_waiting();
  lost_ += std::ranges::count(waiting_, '\n');
  if (lost_ > 0) log::warn(component_, "{}: {} lines were not written", path_.string(), lost_);
  ::close(file_);
}

void LineFile::add(std::string_view line) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() + line.size() < kMostWaiting) {
    waiting_.append(line).push_back('\n');
  } else {
    ++lost_;
  }
  if (full_ && now_() - *full_ < kPause) return;
  const bool was_full = full_.has_value();
  full_.reset();
  if (write_waiting()) return;
  full_ = now_();
  if (was_full) return;
  log::warn(component_, "{}: {}; lines wait until they can be written", path_.string(),
            std::strerror(errno));
}

bool LineFile::write_waiting() {
  waiting_.erase(0, append(file_, waiting_));
  return waiting_.empty();
}

}  // namespace arno::io

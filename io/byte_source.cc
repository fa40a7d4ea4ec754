// SPDX-License-Identifier: Apache-2.0
#include "io/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/error.h"
#include "io/detail/file_descriptor.h"

namespace arno::io {
namespace {

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& path)
      : path_(path),  // A pipe would block until somebody writes to it.
        file_(detail::FileDescriptor::open("file", path, O_RDONLY | O_NONBLOCK)) {
    struct stat status {};
    if (fstat(file_.get(), &status) != 0) detail::fail_errno("file", "measuring", path);
    ARNO_CHECK(S_ISREG(status.st_mode), Errc::io_failed, "[file] '{}' is not a regular file",
               path.string());
    size_ = static_cast<uint64_t>(status.st_size);
  }

  uint64_t size() const override { return size_; }

  size_t read_at(uint64_t offset, std::span<std::byte> out) const override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = pread(file_.get(), out.data() + done, out.size() - done,
                                  static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) detail::fail_errno("file", "reading", path_);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

 private:
  std::filesystem::path path_;
  detail::FileDescriptor file_;
  uint64_t size_ = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  size_t read_at(uint64_t offset, std::span<std::byte> out) const override {
    if (offset >= bytes_.size()) return 0;
    const auto part = bytes_.subspan(offset, std::min<size_t>(out.size(), bytes_.size() - offset));
    std::ranges::copy(part, out.begin());
    return part.size();
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

std::shared_ptr<const ByteSource> open_file(const std::filesystem::path& path) {
  return std::make_shared<FileSource>(path);
}

std::shared_ptr<const ByteSource> view_bytes(std::span<const std::byte> bytes) {
  return std::make_shared<MemorySource>(bytes);
}

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "io/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "common/error.h"
#include "io/detail/file_descriptor.h"

namespace arno::io {

std::string read_file(const std::filesystem::path& path, size_t max_bytes) {
  const auto file = detail::FileDescriptor::open("read_file", path, O_RDONLY);
  std::vector<char> buffer(1 << 16);
  std::string out;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) detail::fail_errno("read_file", "reading", path);
    if (got == 0) return out;
    ARNO_CHECK(static_cast<size_t>(got) <= max_bytes - out.size(), Errc::data_corrupt,
               "[read_file] '{}' has more than {} bytes, the most expected of such a file",
               path.string(), max_bytes);
    out.append(buffer.data(), static_cast<size_t>(got));
  }
}

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace arno::io {

/// Bytes that can be read at any place. Reading is thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  /// Reads up to out.size() bytes; fewer only at the end. Throws io_failed.
  virtual size_t read_at(uint64_t offset, std::span<std::byte> out) const = 0;
};

/// A regular file, through pread. Throws io_failed when it cannot be opened or is something else.
std::shared_ptr<const ByteSource> open_file(const std::filesystem::path& path);

/// Bytes in memory, which must outlive the source.
std::shared_ptr<const ByteSource> view_bytes(std::span<const std::byte> bytes);

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "io/atomic_file.h"

namespace arno::io {

/// Writes a tar file (ustar, pax records for long names). The same members give the same bytes:
/// owner, group and times are zero. The file appears under its name when finish() returns.
class TarWriter {
 public:
  explicit TarWriter(const std::filesystem::path& path) : file_(path) {}

  /// Adds a regular file. Throws invalid_argument for an empty name, io_failed.
  void add(std::string_view name, std::span<const std::byte> bytes);
  void add(std::string_view name, std::string_view text);
  /// Writes the end and gives the file its name. Nothing may be added afterwards.
  void finish();

  /// Bytes so far.
  uint64_t size() const { return file_.size(); }

 private:
  void add_header(std::string_view name, uint64_t size, char type);
  void add_body(std::span<const std::byte> bytes);

  AtomicFile file_;
};

}  // namespace arno::io

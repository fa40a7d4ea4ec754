// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/byte_source.h"

namespace arno::io {

/// An empty folder that lives as long as the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Names and contents, in order.
using Members = std::vector<std::pair<std::string, std::string>>;

void write_tar(const std::filesystem::path& path, const Members& members);
void write_text(const std::filesystem::path& path, std::string_view text);
std::string read_text(const std::filesystem::path& path);

/// The bytes of a tar file with these members.
std::string tar_bytes(const Members& members);

/// A header of a member written byte by byte, with a correct checksum. `size_field` has up to 12
/// bytes.
std::string raw_header(std::string_view name, std::string_view size_field, char type = '0');

/// A view of the text, which must outlive it.
std::shared_ptr<const ByteSource> source_of(const std::string& text);

}  // namespace arno::io

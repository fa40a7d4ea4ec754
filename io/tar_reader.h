// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "io/byte_source.h"

namespace arno::io {

/// A regular file inside a tar file.
struct TarMember {
  std::string name;
  uint64_t offset = 0;  ///< of its first byte
  uint64_t size = 0;    ///< bytes
};

/// Why the walk over a tar file ended before its end.
struct TarFault {
  std::string cause;    ///< "tar_truncated", "tar_no_end", "tar_checksum" or "tar_header"
  uint64_t offset = 0;  ///< of the header
  std::string text;     ///< one line for people
};

/// Walks over the headers of a tar file: ustar, pax (path, size), GNU long names, base-256 sizes.
/// Bodies are never read. Other kinds of members (folders, links, sparse files) are passed over.
/// Nothing in the file is trusted: what does not add up ends the walk with a fault.
class TarReader {
 public:
  explicit TarReader(std::shared_ptr<const ByteSource> source) : source_(std::move(source)) {}

  /// The next regular file, or nullopt at the end or at a fault. A member whose body is cut short
  /// is a fault; a file of no bytes is not. Throws io_failed.
  std::optional<TarMember> next();

  const std::optional<TarFault>& fault() const { return fault_; }

 private:
  struct Header;

  std::optional<Header> read_header();
  std::nullopt_t stop(std::string cause, std::string text);
  bool read_extension(const Header& header);
  bool apply_pax(const std::string& records);

  std::shared_ptr<const ByteSource> source_;
  uint64_t position_ = 0;
  std::optional<TarFault> fault_;
  // From extension headers, for the next member.
  std::optional<std::string> long_name_;
  std::optional<uint64_t> long_size_;
};

}  // namespace arno::io

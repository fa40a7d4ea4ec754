// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace arno::io {

/// A file that appears under its name only when it is complete and safe on disk.
///
/// Bytes go to `.NAME.PID.N.tmp` in the same folder. commit() flushes them to the disk, renames
/// and flushes the folder; until then a file that had the name before stays as it is. Without
/// commit the temporary file is removed. Every failure throws io_failed with path and reason (a
/// full disk among them) and removes the temporary file.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;
  ~AtomicFile();

  void append(std::span<const std::byte> bytes);
  void append(std::string_view text);
  /// Nothing may be appended afterwards.
  void commit();

  /// Bytes appended so far.
  uint64_t size() const;
  /// The name that commit gives.
  const std::filesystem::path& path() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// AtomicFile in one call.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// Flushes a folder's entries to the disk, so that files created, renamed or removed in it stay
/// so after a power cut. Throws io_failed.
void sync_folder(const std::filesystem::path& folder);

}  // namespace arno::io

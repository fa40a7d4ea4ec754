// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace arno::testing {

/// A folder on a disk of its own that is soon full (a tmpfs), for the thread that makes it and the
/// processes it starts. It needs root. It is gone with the process, however that ends.
class SmallDisk {
 public:
  /// Why this machine cannot have one; empty when it can.
  static std::string missing();

  /// Makes the folder. Throws io_failed.
  SmallDisk(std::filesystem::path folder, int64_t kib);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  void resize(int64_t kib);
  /// KiB that are free.
  int64_t free_kib() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace arno::testing

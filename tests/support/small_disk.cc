// SPDX-License-Identifier: Apache-2.0
#include "tests/support/small_disk.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/error.h"

namespace arno::testing {
namespace {

void check(int result, const char* doing) {
  ARNO_CHECK(result == 0, Errc::io_failed, "{}: {}", doing, std::strerror(errno));
}

/// Mounts of this thread concern nobody else from now on.
void make_mounts_private() {
  check(unshare(CLONE_NEWNS), "making a mount namespace");
  check(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "making mounts private");
}

}  // namespace

std::string SmallDisk::missing() {
  try {
    make_mounts_private();
    return "";
  } catch (const Error& error) {
    return fmt::format("no small disk here: {}", error.what());
  }
}

SmallDisk::SmallDisk(std::filesystem::path folder, int64_t kib) : folder_(std::move(folder)) {
  make_mounts_private();
  std::filesystem::create_directories(folder_);
  check(mount("arno-test", folder_.c_str(), "tmpfs", 0, fmt::format("size={}k", kib).c_str()),
        "mounting a small disk");
}

SmallDisk::~SmallDisk() { umount2(folder_.c_str(), MNT_DETACH); }

void SmallDisk::resize(int64_t kib) {
  check(mount("arno-test", folder_.c_str(), "tmpfs", MS_REMOUNT,
              fmt::format("size={}k", kib).c_str()),
        "giving a disk another size");
}

int64_t SmallDisk::free_kib() const {
  return static_cast<int64_t>(std::filesystem::space(folder_).available >> 10);
}

}  // namespace arno::testing

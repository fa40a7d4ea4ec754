// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

// What a host of a Network is to the kernel.
namespace arno::testing {

/// A file of this process alone.
class File {
 public:
  File() = default;
  explicit File(int file) : file_(file) {}
  File(File&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  int get() const { return file_; }

 private:
  int file_ = -1;
};

/// A network namespace with one TUN interface.
struct Machine {
  File network;  ///< its namespace
  File tun;      ///< its packets are read from it and written to it
};

/// Makes host `number` of a network. Throws io_failed.
Machine make_machine(int number);

/// "10.77.0.1"
std::string address_of(int host);

/// Does something on a thread of its own, and waits. Throws what the work throws.
void on_own_thread(const std::function<void()>& work);

/// What a system call returned. Throws io_failed when it failed.
int check(int result, const std::string& doing);

}  // namespace arno::testing

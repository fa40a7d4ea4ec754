// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "common/host_port.h"

namespace arno::ops::detail {

using Deadline = std::chrono::steady_clock::time_point;

/// Milliseconds until then for poll(2), rounded up; 0 when it has passed.
int patience_until(Deadline deadline);

/// Waits until one of the sockets is ready; false when none is in time.
bool wait_for_any(std::span<pollfd> sockets, Deadline deadline);

/// A TCP socket whose calls do not wait.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();

  /// Listens at a free port of a numeric address. Throws invalid_argument for any other address,
  /// comm_failed when it is none of this machine.
  static Socket listen_on(const std::string& address);
  /// Throws comm_failed when nobody takes the connection in time.
  static Socket connect_to(const HostPort& peer, Deadline deadline);
  /// The next connection; nothing when none comes in time.
  std::optional<Socket> accept(Deadline deadline) const;

  int fd() const { return fd_; }
  /// Where it listens, or the other end of a connection.
  HostPort local() const;
  HostPort peer() const;
  /// Ends what is under way, here and at the other end. From any thread.
  void shut_down() const noexcept;

 private:
  int fd_ = -1;
};

}  // namespace arno::ops::detail

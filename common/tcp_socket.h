// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "common/host_port.h"

namespace arno {

using Deadline = std::chrono::steady_clock::time_point;

/// Milliseconds until then for poll(2), rounded up; 0 when it has passed.
int patience_until(Deadline deadline);

/// Waits until one of the sockets is ready; false when none is in time.
bool wait_for_any(std::span<pollfd> sockets, Deadline deadline);

/// A TCP socket whose calls do not wait. Hosts are numeric (host_port.h); invalid_argument is
/// thrown for others.
class TcpSocket {
 public:
  TcpSocket() = default;
  explicit TcpSocket(int fd) : fd_(fd) {}
  TcpSocket(TcpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TcpSocket& operator=(TcpSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~TcpSocket();

  /// Listens at a free port. Throws comm_failed when the host is none of this machine.
  static TcpSocket listen_on(const std::string& host);
  /// Throws comm_failed when nobody takes the connection in time.
  static TcpSocket connect_to(const HostPort& peer, Deadline deadline);
  /// The same, but what keeps it from coming about is an errno: nothing is open then.
  static std::pair<TcpSocket, int> try_to_connect(const HostPort& peer, Deadline deadline);
  /// The next connection; nothing when none comes in time.
  std::optional<TcpSocket> accept(Deadline deadline) const;

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  /// Where it listens, or the other end of a connection.
  HostPort local() const;
  HostPort peer() const;
  /// Ends what is under way, here and at the other end. From any thread.
  void shut_down() const noexcept;

 private:
  int fd_ = -1;
};

}  // namespace arno

// SPDX-License-Identifier: Apache-2.0
#include "common/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/detail/socket_address.h"
#include "common/error.h"

namespace arno {
namespace {

using detail::SocketAddress;

SocketAddress address_of(const HostPort& at) {
  const std::optional<SocketAddress> out = detail::numeric_address(at);
  ARNO_CHECK(out, Errc::invalid_argument, "[tcp] found address \"{}\", expected a numeric one",
             at.host);
  return *out;
}

TcpSocket new_socket(const SocketAddress& address) {
  return TcpSocket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
}

/// Small frames are waited for: they must not be gathered.
void send_at_once(const TcpSocket& socket) {
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

[[noreturn]] void fail_at(const HostPort& where, const char* doing, int error) {
  fail(Errc::comm_failed, "[tcp] {} {}:{}: {}", doing, where.shown_host, where.port,
       std::strerror(error));
}

}  // namespace

int patience_until(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

bool wait_for_any(std::span<pollfd> sockets, Deadline deadline) {
  for (;;) {
    const int ready = ::poll(sockets.data(), sockets.size(), patience_until(deadline));
    if (ready > 0) return true;
    if (ready == 0) return false;
    ARNO_CHECK(errno == EINTR, Errc::comm_failed, "[tcp] waiting: {}", std::strerror(errno));
  }
}

TcpSocket::~TcpSocket() {
  if (fd_ >= 0) ::close(fd_);
}

TcpSocket TcpSocket::listen_on(const std::string& host) {
  constexpr int kBacklog = 128;
  const SocketAddress at = address_of({.host = host, .shown_host = host});
  TcpSocket out = new_socket(at);
  if (!out.is_open() || ::bind(out.fd(), at.get(), at.size) != 0 ||
      ::listen(out.fd(), kBacklog) != 0) {
    fail_at(at.host_port(), "listening at", errno);
  }
  return out;
}

std::pair<TcpSocket, int> TcpSocket::try_to_connect(const HostPort& peer, Deadline deadline) {
  const SocketAddress at = address_of(peer);
  TcpSocket out = new_socket(at);
  if (!out.is_open()) return {TcpSocket(), errno};
  send_at_once(out);
  if (::connect(out.fd(), at.get(), at.size) == 0) return {std::move(out), 0};
  if (errno != EINPROGRESS) return {TcpSocket(), errno};
  pollfd waiting{.fd = out.fd(), .events = POLLOUT, .revents = 0};
  int error = ETIMEDOUT;
  socklen_t size = sizeof(error);
  if (wait_for_any({&waiting, 1}, deadline)) {
    ::getsockopt(out.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) out = TcpSocket();
  return {std::move(out), error};
}

TcpSocket TcpSocket::connect_to(const HostPort& peer, Deadline deadline) {
  auto [out, error] = try_to_connect(peer, deadline);
  if (error != 0) fail_at(peer, "connecting to", error);
  return std::move(out);
}

std::optional<TcpSocket> TcpSocket::accept(Deadline deadline) const {
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  while (wait_for_any({&waiting, 1}, deadline)) {
    TcpSocket out(::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!out.is_open()) {
      // Who had connected may be gone again, and its network with it (accept(2)).
      constexpr std::array kOfThePeer{ECONNABORTED, EAGAIN,      EINTR,      EPROTO,
                                      ENETDOWN,     EHOSTDOWN,   ENONET,     EHOSTUNREACH,
                                      EOPNOTSUPP,   ENETUNREACH, ENOPROTOOPT};
      ARNO_CHECK(std::ranges::find(kOfThePeer, errno) != kOfThePeer.end(), Errc::comm_failed,
                 "[tcp] taking a connection: {}", std::strerror(errno));
      continue;
    }
    send_at_once(out);
    return out;
  }
  return std::nullopt;
}

HostPort TcpSocket::local() const {
  SocketAddress out;
  ::getsockname(fd_, out.get(), &out.size);
  return out.host_port();
}

HostPort TcpSocket::peer() const {
  SocketAddress out;
  ::getpeername(fd_, out.get(), &out.size);
  return out.host_port();
}

void TcpSocket::shut_down() const noexcept { ::shutdown(fd_, SHUT_RDWR); }

}  // namespace arno

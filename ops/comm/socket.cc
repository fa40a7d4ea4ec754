// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/detail/socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/error.h"

namespace arno::ops::detail {
namespace {

/// An address of either family.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
};

Address address_of(const std::string& host, uint16_t port) {
  Address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof(sockaddr_in);
  } else {
    ARNO_CHECK(inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1, Errc::invalid_argument,
               "[tls] found address \"{}\", expected a numeric one", host);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof(sockaddr_in6);
  }
  return out;
}

HostPort host_port_of(Address address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.bytes.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.bytes);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return {text.data(), text.data(), ntohs(v4->sin_port)};
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.bytes);
  inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
  return {text.data(), fmt::format("[{}]", text.data()), ntohs(v6->sin6_port)};
}

Socket new_socket(const Address& address) {
  return Socket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
}

/// Small frames are waited for: they must not be gathered.
void send_at_once(const Socket& socket) {
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

[[noreturn]] void fail_at(const HostPort& where, const char* doing, int error) {
  fail(Errc::comm_failed, "[tls] {} {}:{}: {}", doing, where.shown_host, where.port,
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
    ARNO_CHECK(errno == EINTR, Errc::comm_failed, "[tls] waiting: {}", std::strerror(errno));
  }
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Socket Socket::listen_on(const std::string& address) {
  constexpr int kBacklog = 128;
  Address at = address_of(address, 0);
  Socket out = new_socket(at);
  if (out.fd() < 0 || ::bind(out.fd(), at.get(), at.size) != 0 ||
      ::listen(out.fd(), kBacklog) != 0) {
    fail_at(host_port_of(at), "listening at", errno);
  }
  return out;
}

Socket Socket::connect_to(const HostPort& peer, Deadline deadline) {
  Address at = address_of(peer.host, peer.port);
  Socket out = new_socket(at);
  if (out.fd() < 0) fail_at(peer, "connecting to", errno);
  send_at_once(out);
  if (::connect(out.fd(), at.get(), at.size) == 0) return out;
  if (errno != EINPROGRESS) fail_at(peer, "connecting to", errno);
  pollfd waiting{.fd = out.fd(), .events = POLLOUT, .revents = 0};
  int error = ETIMEDOUT;
  socklen_t size = sizeof(error);
  if (wait_for_any({&waiting, 1}, deadline)) {
    ::getsockopt(out.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) fail_at(peer, "connecting to", error);
  return out;
}

std::optional<Socket> Socket::accept(Deadline deadline) const {
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  while (wait_for_any({&waiting, 1}, deadline)) {
    Socket out(::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (out.fd() < 0) {
      // Who had connected may be gone again, and its network with it (accept(2)).
      constexpr std::array kOfThePeer{ECONNABORTED, EAGAIN,      EINTR,      EPROTO,
                                      ENETDOWN,     EHOSTDOWN,   ENONET,     EHOSTUNREACH,
                                      EOPNOTSUPP,   ENETUNREACH, ENOPROTOOPT};
      ARNO_CHECK(std::ranges::find(kOfThePeer, errno) != kOfThePeer.end(), Errc::comm_failed,
                 "[tls] taking a connection: {}", std::strerror(errno));
      continue;
    }
    send_at_once(out);
    return out;
  }
  return std::nullopt;
}

HostPort Socket::local() const {
  Address out;
  ::getsockname(fd_, out.get(), &out.size);
  return host_port_of(out);
}

HostPort Socket::peer() const {
  Address out;
  ::getpeername(fd_, out.get(), &out.size);
  return host_port_of(out);
}

void Socket::shut_down() const noexcept { ::shutdown(fd_, SHUT_RDWR); }

}  // namespace arno::ops::detail

// SPDX-License-Identifier: Apache-2.0
#include "graph/detail/tcp_probe.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace arno::graph::detail {
namespace {

using Clock = std::chrono::steady_clock;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

struct Socket {
  explicit Socket(const addrinfo& address)
      : file(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (file >= 0) ::close(file);
  }
  int file;
};

/// Waits until a connection under way has come about or failed; returns its errno.
int outcome_of(int file, Clock::time_point deadline) {
  pollfd ready{.fd = file, .events = POLLOUT, .revents = 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const int found = poll(&ready, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (found == 0) return ETIMEDOUT;
    if (found > 0) break;
    if (errno != EINTR) return errno;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int try_to_connect(const addrinfo& address, Clock::time_point deadline) {
  const Socket socket(address);
  if (socket.file < 0) return errno;
  if (connect(socket.file, address.ai_addr, address.ai_addrlen) == 0) return 0;
  return errno == EINPROGRESS ? outcome_of(socket.file, deadline) : errno;
}

}  // namespace

std::string why_unreachable(const HostPort& at, std::chrono::milliseconds limit) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(at.host.c_str(), fmt::to_string(at.port).c_str(), &hints, &found);
  if (failed != 0) return gai_strerror(failed);
  const Addresses addresses(found);
  // Each has its share: one that does not answer leaves time for the next.
  int64_t count = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) ++count;
  std::string out = "it has no address";
  for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    const int error = try_to_connect(*one, Clock::now() + limit / count);
    if (error == 0) return "";
    out = std::strerror(error);
  }
  return out;
}

}  // namespace arno::graph::detail

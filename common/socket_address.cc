// SPDX-License-Identifier: Apache-2.0
#include "common/detail/socket_address.h"

#include <fmt/format.h>
#include <netdb.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace arno::detail {

HostPort SocketAddress::host_port() const {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  constexpr int kAsNumbers = NI_NUMERICHOST | NI_NUMERICSERV;
  if (::getnameinfo(get(), size, host.data(), host.size(), port.data(), port.size(), kAsNumbers) !=
      0) {
    return {};
  }
  HostPort out{.host = host.data(), .port = static_cast<uint16_t>(std::atoi(port.data()))};
  out.shown_host = bytes.ss_family == AF_INET6 ? fmt::format("[{}]", out.host) : out.host;
  return out;
}

SocketAddress address_in(const addrinfo& found) {
  SocketAddress out;
  out.size = found.ai_addrlen;
  std::memcpy(&out.bytes, found.ai_addr, found.ai_addrlen);
  return out;
}

std::optional<SocketAddress> numeric_address(const HostPort& at) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(at.host.c_str(), fmt::to_string(at.port).c_str(), &hints, &found) != 0) {
    return std::nullopt;
  }
  const SocketAddress out = address_in(*found);
  ::freeaddrinfo(found);
  return out;
}

}  // namespace arno::detail

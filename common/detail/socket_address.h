// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <optional>

#include "common/host_port.h"

struct addrinfo;

namespace arno::detail {

/// An address of either family, as the system's calls want it.
struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  /// As numbers.
  HostPort host_port() const;
};

SocketAddress address_in(const addrinfo& found);

/// Of a host that is numeric; nothing for any other. Does not wait.
std::optional<SocketAddress> numeric_address(const HostPort& at);

}  // namespace arno::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace arno {

/// Where something listens.
struct HostPort {
  std::string host;        ///< without brackets
  std::string shown_host;  ///< as it was written: "[::1]"
  uint16_t port = 0;
};

/// Reads "host:port", "[::1]:port" for IPv6; nothing for anything else.
std::optional<HostPort> parse_host_port(const std::string& text);

/// Reads "tcp://host:port", port * being any free one (0); nothing for anything else.
std::optional<HostPort> parse_tcp_address(const std::string& text);

/// Whether a host, without brackets, is an address and no name.
bool is_numeric(const std::string& host);

/// Whether only this machine reaches a host, without brackets: localhost, 127.x.x.x, ::1.
bool is_loopback(const std::string& host);

}  // namespace arno

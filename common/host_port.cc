// SPDX-License-Identifier: Apache-2.0
#include "common/host_port.h"

#include <arpa/inet.h>

#include <charconv>
#include <string_view>

namespace arno {

std::optional<HostPort> parse_host_port(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || text.find_first_of(", +/") != std::string::npos) {
    return std::nullopt;
  }
  HostPort out{.shown_host = text.substr(0, colon)};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, out.port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  out.host = out.shown_host;
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  return out;
}

std::optional<HostPort> parse_tcp_address(const std::string& text) {
  constexpr std::string_view kTransport = "tcp://";
  if (!text.starts_with(kTransport)) return std::nullopt;
  std::string rest = text.substr(kTransport.size());
  if (rest.ends_with(":*")) rest.back() = '0';
  return parse_host_port(rest);
}

bool is_numeric(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_loopback(const std::string& host) {
  in_addr address{};
  const bool v4 = inet_pton(AF_INET, host.c_str(), &address) == 1;
  return host == "localhost" || host == "::1" || (v4 && ntohl(address.s_addr) >> 24 == 127);
}

}  // namespace arno

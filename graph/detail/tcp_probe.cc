// SPDX-License-Identifier: Apache-2.0
#include "graph/detail/tcp_probe.h"

#include <cstring>

#include "common/host_lookup.h"

namespace arno::graph::detail {

Probe probe(const HostPort& at, std::chrono::milliseconds limit) {
  const Deadline deadline = std::chrono::steady_clock::now() + limit;
  const HostAddresses found = addresses_of(at, deadline);
  Probe out;
  out.why = found.problem;
  for (size_t i = 0; i < found.all.size(); ++i) {
    // Each has its share: one that does not answer leaves time for the next.
    const auto now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<int64_t>(found.all.size() - i);
    const int error = TcpSocket::try_to_connect(found.all[i], now + share).second;
    if (error == 0) return {.numeric = found.all[i]};
    out.why = std::strerror(error);
  }
  return out;
}

}  // namespace arno::graph::detail

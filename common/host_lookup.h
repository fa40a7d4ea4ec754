// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/tcp_socket.h"

namespace arno {

/// The numeric addresses of a host, or why there are none.
struct HostAddresses {
  std::vector<HostPort> all;
  std::string problem;  ///< one line that names the host; empty when there are addresses
};

/// Looks a host's name up, which may take as long as it wants.
using Lookup = std::function<HostAddresses(const HostPort& at)>;
HostAddresses system_lookup(const HostPort& at);

/// The addresses of a host, each with the port: a numeric one at once, others from a lookup that is
/// waited for no longer than this, and goes on by itself then.
HostAddresses addresses_of(const HostPort& at, Deadline deadline, Lookup lookup = system_lookup);

}  // namespace arno

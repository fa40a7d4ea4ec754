// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "common/host_port.h"

namespace arno::graph::detail {

/// Who takes TCP connections at an address.
struct Probe {
  HostPort numeric;  ///< the address of the host that does
  std::string why;   ///< nobody does: why; empty otherwise
};

/// Makes a connection within a limit, to one after the other of the host's addresses, and closes it
/// again.
Probe probe(const HostPort& at, std::chrono::milliseconds limit);

}  // namespace arno::graph::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "common/host_port.h"

namespace arno::graph::detail {

/// Why no TCP connection to an address comes about within a limit; empty when one does, which is
/// closed again. Looking a name up is not limited.
std::string why_unreachable(const HostPort& at, std::chrono::milliseconds limit);

}  // namespace arno::graph::detail

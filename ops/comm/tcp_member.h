// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "ops/comm/communicator.h"

namespace arno::ops {

/// A member of a group over TCP.
struct TcpMember {
  int64_t rank = 0;
  int64_t size = 1;
  std::string address = "127.0.0.1";  ///< numeric, of the interface to listen on
  std::string prefix;                 ///< of the group's keys in the store
  CommOptions comm;
};

}  // namespace arno::ops

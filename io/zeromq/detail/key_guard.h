// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/zeromq/detail/socket.h"
#include "io/zeromq/job_key.h"

namespace arno::io::detail {

/// Answers ZeroMQ's question whether a peer's key may connect (RFC 27, ZAP) with the job's key:
/// the only one that may.
class KeyGuard {
 public:
  KeyGuard(const ZmqContext& context, const JobKey& key);

  /// Answers what was asked.
  void answer();
  int wake_up() const { return requests_.wake_up(); }

 private:
  bool is_welcome(const std::vector<SharedBytes>& request) const;

  ZmqSocket requests_;
  std::string allowed_;  ///< 32 bytes
};

/// Makes a socket listen, or connect, with the job's keys.
void use_listener_keys(ZmqSocket& socket, const JobKey& key);
void use_connector_keys(ZmqSocket& socket, const JobKey& key);

}  // namespace arno::io::detail

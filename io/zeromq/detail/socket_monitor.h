// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "io/zeromq/detail/socket.h"

namespace arno::io::detail {

/// What happened to a connection of a socket.
struct ConnectionEvent {
  int event = 0;  ///< ZMQ_EVENT_...
  int value = 0;  ///< file descriptor, or code of what failed
};

/// The events of a socket's connections, in order.
class SocketMonitor {
 public:
  /// `name` is unique in the context. The monitor must go before the socket.
  SocketMonitor(const ZmqContext& context, const ZmqSocket& socket, const std::string& name);
  SocketMonitor(const SocketMonitor&) = delete;
  SocketMonitor& operator=(const SocketMonitor&) = delete;
  ~SocketMonitor();

  /// Without waiting; nullopt when there is none.
  std::optional<ConnectionEvent> next() const;
  int wake_up() const { return events_.wake_up(); }

 private:
  const ZmqSocket& socket_;
  ZmqSocket events_;
};

/// Whether the event says that a handshake failed.
bool is_refusal(const ConnectionEvent& event);

/// Why the handshake with a peer failed, as what the peer does or lacks. `listens`: this is the
/// side that listens; `has_key`: this side has a job key.
std::string refusal_text(const ConnectionEvent& event, bool listens, bool has_key);

/// The address at the other end of a connection; "an unknown address" when it is gone.
std::string address_of_peer(int fd);

}  // namespace arno::io::detail

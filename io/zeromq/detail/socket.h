// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zmq.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/shared_bytes.h"
#include "io/zeromq/frame.h"

// ZeroMQ in classes that close what they open.
namespace arno::io::detail {

/// Throws comm_failed: "[payload] doing: what zmq_errno() says".
[[noreturn]] void fail_zmq(std::string_view doing);

/// Whose sockets reach each other by inproc; must outlive them.
class ZmqContext {
 public:
  explicit ZmqContext(int max_sockets);
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  ~ZmqContext();
  void* get() const { return context_; }

 private:
  void* context_;
};

class ZmqSocket {
 public:
  ZmqSocket(const ZmqContext& context, int type);
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;
  ~ZmqSocket();

  void set(int option, int value);
  void set(int option, int64_t value);
  void set(int option, const std::string& value);
  void bind(const std::string& address);
  void connect(const std::string& address);
  /// Where it is bound.
  std::string endpoint() const;
  /// Becomes readable when something happens to the socket that no call has seen yet (ZMQ_FD).
  int wake_up() const { return wake_up_; }
  void* get() const { return socket_; }

 private:
  void* socket_;
  int wake_up_ = -1;
};

/// A message as it came in.
struct Received {
  std::vector<SharedBytes> parts;
  bool too_many = false;  ///< parts beyond the limit were dropped
  int fd = -1;            ///< of the connection it came by
};

/// Takes a message without waiting; nullopt when there is none. The parts are not copied.
std::optional<Received> receive(const ZmqSocket& socket, size_t max_parts);

/// Sends a message without waiting: small parts are copied, large ones shared. Returns false when
/// no peer takes it.
bool send(const ZmqSocket& socket, const std::vector<SharedBytes>& parts);

/// A text as a part.
SharedBytes part_of(std::string_view text);
std::string text_of(const SharedBytes& part);

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/detail/socket_monitor.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace arno::io::detail {

SocketMonitor::SocketMonitor(const ZmqContext& context, const ZmqSocket& socket,
                             const std::string& name)
    : socket_(socket), events_(context, ZMQ_PAIR) {
  const std::string address = "inproc://" + name;
  constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CLOSED |
                          ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                          ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  if (zmq_socket_monitor(socket.get(), address.c_str(), kEvents) != 0) {
    fail_zmq("watching a socket");
  }
  events_.set(ZMQ_LINGER, 0);
  events_.connect(address);
}

SocketMonitor::~SocketMonitor() { zmq_socket_monitor(socket_.get(), nullptr, 0); }

std::optional<ConnectionEvent> SocketMonitor::next() const {
  constexpr size_t kParts = 2;  // event and value, address
  const auto received = receive(events_, kParts);
  if (!received) return std::nullopt;
  uint16_t event = 0;
  uint32_t value = 0;
  const auto bytes = received->parts.front().span();
  std::memcpy(&event, bytes.data(), sizeof event);
  std::memcpy(&value, bytes.data() + sizeof event, sizeof value);
  return ConnectionEvent{.event = event, .value = static_cast<int>(value)};
}

bool is_refusal(const ConnectionEvent& event) {
  return event.event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL ||
         event.event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
         event.event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
}

std::string refusal_text(const ConnectionEvent& event, bool listens, bool has_key) {
  if (event.event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
    return listens ? "has another job key" : "refused the job key of this node";
  }
  if (event.event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
    return fmt::format("closed the connection during the handshake: it {}, or is no node",
                       has_key ? "has another job key or none" : "expects a job key");
  }
  if (event.value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) {
    return has_key ? "has no job key, this node has one" : "has a job key, this node has none";
  }
  if (event.value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC) return "has another job key";
  return fmt::format("broke the handshake (error {:x}): it is no node",
                     static_cast<unsigned>(event.value));
}

std::string address_of_peer(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (getpeername(fd, raw, &size) != 0 ||
      getnameinfo(raw, size, host.data(), host.size(), port.data(), port.size(),
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "an unknown address";
  }
  return fmt::format("tcp://{}:{}", host.data(), port.data());
}

}  // namespace arno::io::detail

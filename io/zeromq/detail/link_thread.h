// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "io/zeromq/detail/key_guard.h"
#include "io/zeromq/detail/link_mailbox.h"
#include "io/zeromq/detail/socket_monitor.h"
#include "io/zeromq/payload_link.h"

namespace arno::io::detail {

using LinkClock = std::chrono::steady_clock;

/// A message as the parts that are sent: its header and its own.
std::vector<SharedBytes> frames_of(Message message);

/// The message that was received, with its header in part `first`.
std::variant<Message, FrameFault> parse_frames(Received received, size_t first);

/// Of a message: an identity, a header and the item's.
constexpr size_t kMaxReceivedParts = kMaxParts + 2;
/// Messages of one connection that are read before others have a turn.
constexpr int kBurst = 64;

/// The sockets of a link and what is known of its peers. Only one thread uses it.
class LinkThread {
 public:
  /// Listens. Both must outlive it.
  LinkThread(const PayloadLinkOptions& options, LinkMailbox& mailbox);

  const std::string& address() const { return address_; }
  /// Until the mailbox is stopped.
  void run();

 private:
  /// A connection that came to the listener.
  struct Incoming {
    int fd = -1;
    std::string address;
    std::string peer;      ///< after its hello
    bool ignored = false;  ///< refused: what it still sends is dropped
    bool ended = false;    ///< what it has sent is still to be read
  };
  /// A connection that was begun here.
  struct Outgoing {
    Outgoing(const ZmqContext& context, const std::string& name)
        : socket(context, ZMQ_DEALER), monitor(context, socket, name) {}

    ZmqSocket socket;
    SocketMonitor monitor;
    std::string address;
    bool connected = false;  ///< the network's part
    bool open = false;       ///< the peer said hello
    std::vector<std::vector<SharedBytes>> waiting;
    LinkClock::time_point deadline;  ///< of the hello
    std::string refusal;             ///< of the handshake
    std::optional<PeerEvent::Kind> ended;
    std::string reason;
  };
  struct Session {
    std::unique_ptr<Outgoing> outgoing;
    std::string incoming;  ///< identity of the connection; "" when there is none
    bool connected = false;
  };

  void set_common_options(ZmqSocket& socket) const;
  std::vector<pollfd> poll_items() const;
  void wait() const;
  bool serve_all();
  void run_commands();
  void execute(const ConnectCommand& command);
  void execute(SendCommand command);
  void execute(const DropCommand& command);
  void begin(Outgoing& outgoing, const ConnectCommand& command) const;

  /// False when there may be more to read.
  bool serve_listener();
  void watch_listener();
  void settle_incoming();
  void on_incoming(const std::string& identity, Received received);
  void welcome(const std::string& identity, Incoming& incoming, const Message& hello);
  void refuse(const std::string& identity, Incoming& incoming, const std::string& reason);

  bool serve_peer(const std::string& peer);
  void watch_peer(Outgoing& outgoing) const;
  bool on_outgoing(const std::string& peer, Session& session, Received received);
  void open(const std::string& peer, Session& session);

  std::string hello_problem(const Message& message) const;
  void transmit(const Session& session, std::vector<SharedBytes> frames);
  void note_connected(const std::string& peer, Session& session, const std::string& address);
  void end(const std::string& peer, PeerEvent::Kind kind, const std::string& reason);
  void report(PeerEvent::Kind kind, const std::string& peer, const std::string& address,
              const std::string& text) const;
  Message make_refusal(const std::string& reason) const;

  const PayloadLinkOptions& options_;
  LinkMailbox& mailbox_;
  ZmqContext context_;
  std::optional<KeyGuard> guard_;
  ZmqSocket listener_;
  SocketMonitor listener_monitor_;
  std::string address_;
  std::map<int, std::string> accepted_;       ///< addresses of open connections, by descriptor
  std::string refusal_;                       ///< of the connection that ends next
  std::map<std::string, Incoming> incoming_;  ///< by identity
  std::map<std::string, Session> sessions_;   ///< by peer
  uint64_t sockets_made_ = 0;
};

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/detail/link_thread.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/error.h"

namespace arno::io::detail {
namespace {

constexpr int kReadAhead = 64;     // messages of one connection that wait to be read
constexpr int kSocketsOfPeer = 3;  // and both ends of its monitor
constexpr int kOwnSockets = 16;
// A connection that ended is never resumed. Turning reconnection off would make ZeroMQ drop what
// has arrived and was not read.
constexpr int kNeverReconnect = 24 * 60 * 60 * 1000;  // ms

int milliseconds(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

}  // namespace

std::vector<SharedBytes> frames_of(Message message) {
  SharedBytes header = SharedBytes::of(encode_header(message));
  std::vector<SharedBytes> out = std::move(message.parts);
  out.insert(out.begin(), std::move(header));
  return out;
}

std::variant<Message, FrameFault> parse_frames(Received received, size_t first) {
  if (received.too_many || received.parts.size() <= first) {
    return FrameFault{.text = fmt::format("sent a message of {} parts, expected {} to {}",
                                          received.parts.size(), first + 1, kMaxReceivedParts)};
  }
  const SharedBytes header = received.parts[first];
  const auto parts = received.parts.begin() + static_cast<ptrdiff_t>(first) + 1;
  return parse_message(header.span(), {parts, received.parts.end()});
}

LinkThread::LinkThread(const PayloadLinkOptions& options, LinkMailbox& mailbox)
    : options_(options),
      mailbox_(mailbox),
      context_(kOwnSockets + kSocketsOfPeer * options.max_peers),
      listener_(context_, ZMQ_ROUTER),
      listener_monitor_(context_, listener_, "listener") {
  set_common_options(listener_);
  listener_.set(ZMQ_ROUTER_MANDATORY, 1);
  if (options_.key) {
    guard_.emplace(context_, *options_.key);
    use_listener_keys(listener_, *options_.key);
  }
  listener_.bind(options_.listen);
  address_ = listener_.endpoint();
}

void LinkThread::set_common_options(ZmqSocket& socket) const {
  const std::chrono::milliseconds heartbeat = std::min(kHeartbeat, options_.silence_limit / 2);
  socket.set(ZMQ_LINGER, milliseconds(options_.linger));
  socket.set(ZMQ_SNDHWM, 0);  // the lanes' credit bounds it
  socket.set(ZMQ_RCVHWM, kReadAhead);
  socket.set(ZMQ_MAXMSGSIZE, options_.max_part_bytes);
  socket.set(ZMQ_RECONNECT_IVL, kNeverReconnect);
  socket.set(ZMQ_CONNECT_TIMEOUT, milliseconds(options_.cut_limit));
  socket.set(ZMQ_HANDSHAKE_IVL, milliseconds(options_.silence_limit));
  // There is always something under way, so that a cut network shows (TCP_USER_TIMEOUT): a busy
  // peer's kernel still says what has come, and a large part is acknowledged bit by bit.
  socket.set(ZMQ_TCP_MAXRT, milliseconds(options_.cut_limit));
  socket.set(ZMQ_HEARTBEAT_IVL, milliseconds(heartbeat));
  socket.set(ZMQ_HEARTBEAT_TIMEOUT, milliseconds(options_.silence_limit - heartbeat));
}

void LinkThread::run() {
  bool all_read = true;
  while (!mailbox_.stopped()) {
    if (all_read) wait();
    // A socket is read after what is sent by it: see poll_items().
    run_commands();
    all_read = serve_all();
  }
  run_commands();  // what was sent before the stop
}

/// Gives each socket a turn; false when there may be more to read.
bool LinkThread::serve_all() {
  if (guard_) guard_->answer();
  bool all_read = serve_listener();
  std::vector<std::string> peers;
  for (const auto& [peer, session] : sessions_) peers.push_back(peer);
  for (const std::string& peer : peers) all_read = serve_peer(peer) && all_read;
  return all_read;
}

/// zmq_poll() would ask each socket twice, by a system call. Instead the sockets' descriptors are
/// waited for; that is enough because every one was read until there was nothing more: whatever
/// comes after that makes its descriptor readable (ZMQ_FD).
std::vector<pollfd> LinkThread::poll_items() const {
  std::vector<pollfd> out{{.fd = mailbox_.wake_up(), .events = POLLIN, .revents = 0}};
  const auto add = [&out](int fd) { out.push_back({.fd = fd, .events = POLLIN, .revents = 0}); };
  add(listener_.wake_up());
  add(listener_monitor_.wake_up());
  if (guard_) add(guard_->wake_up());
  for (const auto& [peer, session] : sessions_) {
    if (!session.outgoing) continue;
    add(session.outgoing->socket.wake_up());
    add(session.outgoing->monitor.wake_up());
  }
  return out;
}

/// Until anything has happened, or a hello is overdue.
void LinkThread::wait() const {
  std::optional<LinkClock::time_point> next;
  for (const auto& [peer, session] : sessions_) {
    if (!session.outgoing || session.outgoing->open) continue;
    next = std::min(next.value_or(session.outgoing->deadline), session.outgoing->deadline);
  }
  int timeout = -1;
  if (next) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - LinkClock::now());
    timeout = static_cast<int>(std::max<int64_t>(left.count(), 0));
  }
  std::vector<pollfd> items = poll_items();
  if (::poll(items.data(), items.size(), timeout) < 0 && errno != EINTR) {
    fail(Errc::comm_failed, "[payload] waiting: {}", std::strerror(errno));
  }
}

void LinkThread::run_commands() {
  for (LinkCommand& command : mailbox_.take()) {
    std::visit([this](auto& kind) { execute(std::move(kind)); }, command);
  }
}

void LinkThread::execute(const ConnectCommand& command) {
  Session& session = sessions_[command.peer];
  if (!session.incoming.empty()) return;  // the peer was faster
  try {
    session.outgoing =
        std::make_unique<Outgoing>(context_, fmt::format("peer-{}", sockets_made_++));
    begin(*session.outgoing, command);
  } catch (const Error& error) {
    end(command.peer, PeerEvent::lost, error.what());
  }
}

void LinkThread::begin(Outgoing& outgoing, const ConnectCommand& command) const {
  outgoing.address = command.address;
  outgoing.deadline = LinkClock::now() + options_.silence_limit;
  set_common_options(outgoing.socket);
  if (options_.key) use_connector_keys(outgoing.socket, *options_.key);
  outgoing.socket.connect(command.address);
  send(outgoing.socket, frames_of({.name = options_.node, .detail = options_.job}));
}

void LinkThread::execute(SendCommand command) {
  const auto found = sessions_.find(command.peer);
  if (found == sessions_.end()) return;  // it ended meanwhile
  Session& session = found->second;
  if (session.outgoing && !session.outgoing->open) {
    session.outgoing->waiting.push_back(std::move(command.frames));
  } else {
    transmit(session, std::move(command.frames));
  }
}

void LinkThread::execute(const DropCommand& command) {
  const auto found = sessions_.find(command.peer);
  if (found == sessions_.end()) return;
  transmit(found->second, frames_of(make_refusal(command.reason)));
  end(command.peer, PeerEvent::lost, command.reason);
}

/// "" for the hello of a node of this job.
std::string LinkThread::hello_problem(const Message& message) const {
  if (message.kind != MessageKind::hello) return "did not begin with a hello";
  if (message.detail != options_.job) {
    return fmt::format("belongs to the job \"{}\", expected \"{}\"", message.detail, options_.job);
  }
  if (message.name == options_.node) return "has the same name";
  return "";
}

/// Sends on the session's one way out. A connection that is gone is noticed where its end is.
void LinkThread::transmit(const Session& session, std::vector<SharedBytes> frames) {
  if (session.outgoing) {
    send(session.outgoing->socket, frames);
  } else {
    frames.insert(frames.begin(), part_of(session.incoming));
    send(listener_, frames);
  }
}

void LinkThread::note_connected(const std::string& peer, Session& session,
                                const std::string& address) {
  if (std::exchange(session.connected, true)) return;
  report(PeerEvent::connected, peer, address, "");
}

void LinkThread::end(const std::string& peer, PeerEvent::Kind kind, const std::string& reason) {
  const auto node = sessions_.extract(peer);
  if (!node) return;
  const Session& session = node.mapped();
  std::string address;
  if (const auto incoming = incoming_.find(session.incoming); incoming != incoming_.end()) {
    incoming->second.ignored = true;
    address = incoming->second.address;
  }
  if (session.outgoing) {
    address = session.outgoing->address;
    // Nobody is there to take what is left.
    if (session.outgoing->ended) session.outgoing->socket.set(ZMQ_LINGER, 0);
  }
  mailbox_.remove_session(peer);
  report(session.connected ? PeerEvent::lost : kind, peer, address, reason);
}

void LinkThread::report(PeerEvent::Kind kind, const std::string& peer, const std::string& address,
                        const std::string& text) const {
  options_.on_peer({.kind = kind, .peer = peer, .address = address, .text = text});
}

Message LinkThread::make_refusal(const std::string& reason) const {
  return {.kind = MessageKind::refuse,
          .name = options_.node,
          .detail = reason.substr(0, kMaxDetailBytes)};
}

}  // namespace arno::io::detail

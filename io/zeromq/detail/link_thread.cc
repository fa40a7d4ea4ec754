// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/detail/link_thread.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/log.h"

namespace arno::io::detail {
namespace {

// Messages of one connection that wait to be read, and messages read before others have a turn.
constexpr int kReadAhead = 64;
constexpr int kBurst = 64;
constexpr size_t kMaxReceivedParts = kMaxParts + 2;  // an identity, a header
constexpr int kSocketsOfPeer = 3;                    // and both ends of its monitor
constexpr int kOwnSockets = 16;
// A connection that ended is never resumed. Turning reconnection off would make ZeroMQ drop what
// has arrived and was not read.
constexpr int kNeverReconnect = 24 * 60 * 60 * 1000;  // ms

/// A message from a header part and those after it; takes `first` as the header.
std::variant<Message, FrameFault> parse(Received received, size_t first) {
  if (received.too_many || received.parts.size() <= first) {
    return FrameFault{.text = fmt::format("sent a message of {} parts, expected {} to {}",
                                          received.parts.size(), first + 1, kMaxReceivedParts)};
  }
  const SharedBytes header = received.parts[first];
  const auto parts = received.parts.begin() + static_cast<ptrdiff_t>(first) + 1;
  return parse_message(header.span(), {parts, received.parts.end()});
}

int milliseconds(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

}  // namespace

std::vector<SharedBytes> frames_of(Message message) {
  SharedBytes header = SharedBytes::of(encode_header(message));
  std::vector<SharedBytes> out = std::move(message.parts);
  out.insert(out.begin(), std::move(header));
  return out;
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
  const int limit = milliseconds(options_.silence_limit);
  socket.set(ZMQ_LINGER, milliseconds(options_.linger));
  socket.set(ZMQ_SNDHWM, 0);  // the lanes' credit bounds it
  socket.set(ZMQ_RCVHWM, kReadAhead);
  socket.set(ZMQ_MAXMSGSIZE, options_.max_part_bytes);
  socket.set(ZMQ_RECONNECT_IVL, kNeverReconnect);
  socket.set(ZMQ_HANDSHAKE_IVL, limit);
  socket.set(ZMQ_CONNECT_TIMEOUT, limit);
  // Silence ends in a ping, and the ping's silence ends the connection.
  socket.set(ZMQ_HEARTBEAT_IVL, limit / 2);
  socket.set(ZMQ_HEARTBEAT_TIMEOUT, limit / 2);
}

void LinkThread::run() {
  while (!mailbox_.stopped()) {
    wait();
    run_commands();
    if (guard_) guard_->answer();
    serve_listener();
    std::vector<std::string> peers;
    for (const auto& [peer, session] : sessions_) peers.push_back(peer);
    for (const std::string& peer : peers) serve_peer(peer);
  }
  run_commands();  // what was sent before the stop
}

std::vector<zmq_pollitem_t> LinkThread::poll_items() const {
  std::vector<zmq_pollitem_t> out{
      {.socket = nullptr, .fd = mailbox_.wake_up(), .events = ZMQ_POLLIN, .revents = 0}};
  const auto add = [&out](void* socket) {
    out.push_back({.socket = socket, .fd = 0, .events = ZMQ_POLLIN, .revents = 0});
  };
  add(listener_.get());
  add(listener_monitor_.get());
  if (guard_) add(guard_->get());
  for (const auto& [peer, session] : sessions_) {
    if (!session.outgoing) continue;
    add(session.outgoing->socket.get());
    add(session.outgoing->monitor.get());
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
  long timeout = -1;
  if (next) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - LinkClock::now());
    timeout = std::max<long>(left.count(), 0);
  }
  std::vector<zmq_pollitem_t> items = poll_items();
  if (zmq_poll(items.data(), static_cast<int>(items.size()), timeout) < 0 && zmq_errno() != EINTR) {
    fail_zmq("waiting");
  }
}

void LinkThread::run_commands() {
  for (LinkCommand& command : mailbox_.take()) {
    std::visit([this](auto& kind) { execute(std::move(kind)); }, command);
  }
}

void LinkThread::execute(ConnectCommand command) {
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

void LinkThread::execute(DropCommand command) {
  const auto found = sessions_.find(command.peer);
  if (found == sessions_.end()) return;
  transmit(found->second, frames_of(make_refusal(command.reason)));
  end(command.peer, PeerEvent::lost, command.reason);
}

void LinkThread::serve_listener() {
  watch_listener();
  for (int i = 0; i < kBurst; ++i) {
    auto received = receive(listener_, kMaxReceivedParts);
    if (!received) {
      settle_incoming();
      return;
    }
    // A descriptor that was closed may be in use again: first what happened before this message.
    watch_listener();
    const std::string identity = text_of(received->parts.front());
    on_incoming(identity, std::move(*received));
  }
}

void LinkThread::watch_listener() {
  while (const auto event = listener_monitor_.next()) {
    if (event->event == ZMQ_EVENT_ACCEPTED) accepted_[event->value] = address_of_peer(event->value);
    // Events of a handshake do not name the connection; its end follows at once.
    if (is_refusal(*event)) refusal_ = refusal_text(*event, true, options_.key.has_value());
    if (event->event != ZMQ_EVENT_DISCONNECTED) continue;
    const auto accepted = accepted_.extract(event->value);
    const std::string refusal = std::exchange(refusal_, "");
    if (!refusal.empty()) {
      report(PeerEvent::refused, "", accepted ? accepted.mapped() : "an unknown address", refusal);
    }
    for (auto& [identity, incoming] : incoming_) {
      if (incoming.fd == event->value) incoming.ended = true;
    }
  }
}

/// Closes the connections that have ended, now that all they sent has been read.
void LinkThread::settle_incoming() {
  std::vector<std::string> lost;
  std::erase_if(incoming_, [&lost](const auto& entry) {
    const Incoming& incoming = entry.second;
    if (incoming.ended && !incoming.ignored && !incoming.peer.empty()) {
      lost.push_back(incoming.peer);
    }
    return incoming.ended;
  });
  for (const std::string& peer : lost) end(peer, PeerEvent::lost, "the connection ended");
}

void LinkThread::on_incoming(const std::string& identity, Received received) {
  const auto [entry, is_new] = incoming_.try_emplace(identity);
  Incoming& incoming = entry->second;
  if (is_new) {
    incoming.fd = received.fd;
    const auto accepted = accepted_.find(received.fd);
    incoming.ended = accepted == accepted_.end();
    if (!incoming.ended) incoming.address = accepted->second;
  }
  if (incoming.ignored) return;
  auto parsed = parse(std::move(received), 1);
  if (const auto* fault = std::get_if<FrameFault>(&parsed)) {
    refuse(identity, incoming, fault->text);
    return;
  }
  auto& message = std::get<Message>(parsed);
  if (incoming.peer.empty()) {
    welcome(identity, incoming, message);
  } else if (message.kind == MessageKind::refuse) {
    incoming.ignored = true;
    end(incoming.peer, PeerEvent::lost, message.detail);
  } else if (message.kind == MessageKind::hello) {
    refuse(identity, incoming, "said hello twice");
  } else {
    options_.on_message(std::string(incoming.peer), std::move(message));
  }
}

void LinkThread::welcome(const std::string& identity, Incoming& incoming, const Message& hello) {
  std::string problem = hello_problem(hello);
  const auto known = sessions_.find(hello.name);
  const bool is_known = known != sessions_.end();
  if (problem.empty() && is_known && !known->second.incoming.empty()) {
    problem = fmt::format("calls itself {}, as a node that is connected does", hello.name);
  }
  if (problem.empty() && !is_known && sessions_.size() >= static_cast<size_t>(options_.max_peers)) {
    problem = fmt::format("is one too many: {} nodes are connected", sessions_.size());
  }
  if (!problem.empty()) {
    refuse(identity, incoming, problem);
    return;
  }
  incoming.peer = hello.name;
  mailbox_.add_session(hello.name);
  Session& session = sessions_[hello.name];
  session.incoming = identity;
  std::vector<SharedBytes> answer = frames_of({.name = options_.node, .detail = options_.job});
  answer.insert(answer.begin(), part_of(identity));
  send(listener_, answer);
  note_connected(hello.name, session, incoming.address);
}

void LinkThread::refuse(const std::string& identity, Incoming& incoming,
                        const std::string& reason) {
  std::vector<SharedBytes> answer = frames_of(make_refusal(reason));
  answer.insert(answer.begin(), part_of(identity));
  send(listener_, answer);
  incoming.ignored = true;
  if (incoming.peer.empty()) {
    report(PeerEvent::refused, "", incoming.address, reason);
  } else {
    end(std::string(incoming.peer), PeerEvent::lost, reason);
  }
}

void LinkThread::serve_peer(const std::string& peer) {
  const auto found = sessions_.find(peer);
  if (found == sessions_.end() || !found->second.outgoing) return;
  Outgoing& outgoing = *found->second.outgoing;
  watch_peer(outgoing);
  for (int i = 0; i < kBurst; ++i) {
    auto received = receive(outgoing.socket, kMaxReceivedParts);
    if (!received) {
      if (outgoing.ended) end(peer, *outgoing.ended, std::string(outgoing.reason));
      return;
    }
    if (!on_outgoing(peer, found->second, std::move(*received))) return;
  }
}

void LinkThread::watch_peer(Outgoing& outgoing) const {
  const auto end_by = [&outgoing](PeerEvent::Kind kind, std::string reason) {
    if (outgoing.ended) return;
    outgoing.ended = kind;
    outgoing.reason = std::move(reason);
  };
  while (const auto event = outgoing.monitor.next()) {
    if (event->event == ZMQ_EVENT_CONNECTED) outgoing.connected = true;
    if (is_refusal(*event)) {
      end_by(PeerEvent::refused, refusal_text(*event, false, options_.key.has_value()));
    }
    if (event->event == ZMQ_EVENT_CLOSED && !outgoing.connected) {
      end_by(PeerEvent::lost, "cannot be reached");
    }
    if (event->event == ZMQ_EVENT_DISCONNECTED) {
      end_by(PeerEvent::lost, "the connection ended");
    }
  }
  if (!outgoing.open && LinkClock::now() >= outgoing.deadline) {
    end_by(PeerEvent::lost,
           fmt::format("said no hello within {} ms", milliseconds(options_.silence_limit)));
  }
}

/// Returns false when the session has ended.
bool LinkThread::on_outgoing(const std::string& peer, Session& session, Received received) {
  Outgoing& outgoing = *session.outgoing;
  auto parsed = parse(std::move(received), 0);
  const auto* fault = std::get_if<FrameFault>(&parsed);
  auto* message = std::get_if<Message>(&parsed);
  const PeerEvent::Kind kind = outgoing.open ? PeerEvent::lost : PeerEvent::refused;
  std::string problem = fault ? fault->text : "";
  if (message && message->kind == MessageKind::refuse) {
    end(peer, kind, fmt::format("refused this node: it {}", message->detail));
    return false;
  }
  if (message && !outgoing.open) {
    problem = hello_problem(*message);
    if (problem.empty() && message->name != peer) {
      problem = fmt::format("calls itself {}, expected {}", message->name, peer);
    }
  } else if (message && message->kind == MessageKind::hello) {
    problem = "said hello twice";
  }
  if (!problem.empty()) {
    send(outgoing.socket, frames_of(make_refusal(problem)));
    end(peer, kind, problem);
    return false;
  }
  if (!outgoing.open) {
    open(peer, session);
  } else {
    options_.on_message(peer, std::move(*message));
  }
  return true;
}

void LinkThread::open(const std::string& peer, Session& session) {
  session.outgoing->open = true;
  note_connected(peer, session, session.outgoing->address);
  for (auto& frames : std::exchange(session.outgoing->waiting, {})) {
    transmit(session, std::move(frames));
  }
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

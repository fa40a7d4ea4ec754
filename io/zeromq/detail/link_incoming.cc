// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "common/error.h"
#include "io/zeromq/detail/link_thread.h"

// Connections that came to the listener.
namespace arno::io::detail {

bool LinkThread::serve_listener() {
  watch_listener();
  for (int i = 0; i < kBurst; ++i) {
    auto received = receive(listener_, kMaxReceivedParts);
    if (!received) {
      settle_incoming();
      return true;
    }
    const std::string identity = text_of(received->parts.front());
    on_incoming(identity, std::move(*received));
  }
  return false;
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
  // A descriptor that was closed may be in use again: first what happened before this message.
  if (!incoming_.contains(identity)) watch_listener();
  const auto [entry, is_new] = incoming_.try_emplace(identity);
  Incoming& incoming = entry->second;
  if (is_new) {
    incoming.fd = received.fd;
    const auto accepted = accepted_.find(received.fd);
    incoming.ended = accepted == accepted_.end();
    if (!incoming.ended) incoming.address = accepted->second;
  }
  if (incoming.ignored) return;
  auto parsed = parse_frames(std::move(received), 1);
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

}  // namespace arno::io::detail

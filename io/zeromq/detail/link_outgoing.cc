// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "common/error.h"
#include "io/zeromq/detail/link_thread.h"

// Connections that were begun here.
namespace arno::io::detail {

bool LinkThread::serve_peer(const std::string& peer) {
  const auto found = sessions_.find(peer);
  if (found == sessions_.end() || !found->second.outgoing) return true;
  Outgoing& outgoing = *found->second.outgoing;
  watch_peer(outgoing);
  for (int i = 0; i < kBurst; ++i) {
    auto received = receive(outgoing.socket, kMaxReceivedParts);
    if (!received) {
      if (outgoing.ended) end(peer, *outgoing.ended, std::string(outgoing.reason));
      return true;
    }
    if (!on_outgoing(peer, found->second, std::move(*received))) return true;
  }
  return false;
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
           fmt::format("said no hello within {} ms", options_.silence_limit.count()));
  }
}

/// Returns false when the session has ended.
bool LinkThread::on_outgoing(const std::string& peer, Session& session, Received received) {
  Outgoing& outgoing = *session.outgoing;
  auto parsed = parse_frames(std::move(received), 0);
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

}  // namespace arno::io::detail

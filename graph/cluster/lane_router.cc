// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/lane_router.h"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "common/log.h"
#include "graph/cluster/wire.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {

using io::MessageKind;

LaneRouter::LaneRouter(const Registry& registry, const LaneRouterOptions& options)
    : registry_(registry), on_lost_(options.on_lost) {
  io::PayloadLinkOptions link{.node = options.node, .job = options.job, .listen = options.listen};
  if (!options.key.empty()) link.key = io::read_job_key(options.key);
  link.on_message = [this](const std::string& node, const io::Message& message) {
    take(node, message);
  };
  link.on_peer = [this](const io::PeerEvent& event) { on_peer(event); };
  link_ = std::make_unique<io::PayloadLink>(std::move(link));
}

void LaneRouter::forget(const std::string& node) {
  {
    const std::scoped_lock lock(mutex_);
    forgotten_.insert(node);
  }
  leave(node);
  link_->drop(node, "the node left the job");
}

void LaneRouter::connect(const std::string& node, const std::string& address) {
  {
    const std::scoped_lock lock(sending_);
    gone_.erase(node);
  }
  link_->connect(node, address);
}

void LaneRouter::leave(const std::string& node) {
  const std::scoped_lock lock(sending_);
  connected_.erase(node);
  waiting_.erase(node);
  gone_.insert(node);
}

void LaneRouter::expect(const std::string& node) {
  {
    const std::scoped_lock lock(sending_);
    gone_.erase(node);
  }
  const std::scoped_lock lock(mutex_);
  forgotten_.erase(node);
}

void LaneRouter::add_consumer(int lane, ShellActor shell) {
  const std::scoped_lock lock(mutex_);
  consumers_[lane] = std::move(shell);
}

void LaneRouter::add_producer(int lane, ShellActor shell) {
  const std::scoped_lock lock(mutex_);
  producers_[lane] = std::move(shell);
}

void LaneRouter::clear() {
  {
    const std::scoped_lock lock(telling_);
    on_lost_ = nullptr;
  }
  const std::scoped_lock lock(mutex_);
  consumers_.clear();
  producers_.clear();
}

void LaneRouter::deliver(const std::string& node, int lane, uint64_t number, const Payload& item) {
  const ItemCodec* codec = registry_.find_codec(item.type());
  ARNO_CHECK(codec, Errc::unsupported, "[lanes] an item of type {} cannot leave the process",
             item.type().name());
  send(node, {.kind = MessageKind::deliver,
              .lane = lane,
              .number = number,
              .bytes = static_cast<int64_t>(item.size_bytes()),
              .tag = item.tag(),
              .name = codec->name,
              .parts = codec->encode(item)});
}

void LaneRouter::acknowledge(const std::string& node, const Acknowledge& message) {
  send(node, {.kind = MessageKind::acknowledge,
              .lane = message.lane,
              .number = message.items,
              .bytes = message.bytes});
}

void LaneRouter::end(const std::string& node, int lane, uint64_t number) {
  send(node, {.kind = MessageKind::end_of_stream, .lane = lane, .number = number});
}

/// Orders come over the control plane, and may be faster than a node's connection.
void LaneRouter::send(const std::string& node, io::Message message) {
  const std::scoped_lock lock(sending_);
  if (connected_.contains(node)) {
    link_->send(node, std::move(message));
  } else if (!gone_.contains(node)) {
    waiting_[node].push_back(std::move(message));
  }
}

void LaneRouter::on_peer(const io::PeerEvent& event) {
  if (event.kind != io::PeerEvent::connected) {
    leave(event.peer);
    if (event.kind != io::PeerEvent::lost || event.peer.empty()) return;
    {
      const std::scoped_lock lock(mutex_);
      if (forgotten_.contains(event.peer)) return;
    }
    // As a rule the control plane knows sooner.
    const std::scoped_lock lock(telling_);
    if (on_lost_) on_lost_(event.peer, event.text);
    return;
  }
  const std::scoped_lock lock(sending_);
  gone_.erase(event.peer);
  connected_.insert(event.peer);
  const auto waiting = waiting_.extract(event.peer);
  if (!waiting) return;
  for (io::Message& message : waiting.mapped()) link_->send(event.peer, std::move(message));
}

void LaneRouter::take(const std::string& node, const io::Message& message) {
  try {
    const std::scoped_lock lock(mutex_);
    if (!forgotten_.contains(node)) route(message);
  } catch (const Error& error) {
    log::warn("lanes", "what node {} sent is no item: {}", node, error.what());
    link_->drop(node, error.what());
  }
}

void LaneRouter::route(const io::Message& message) {
  auto& ends = message.kind == MessageKind::acknowledge ? producers_ : consumers_;
  const auto found = ends.find(message.lane);
  ARNO_CHECK(found != ends.end(), Errc::comm_failed, "lane {} does not end here", message.lane);
  const ShellActor& shell = found->second;
  switch (message.kind) {
    case MessageKind::acknowledge:
      return detail::send_in_order(nullptr, shell,
                                   Acknowledge{message.lane, message.number, message.bytes});
    case MessageKind::end_of_stream:
      return detail::send_in_order(nullptr, shell, EndOfStream{message.lane});
    default:
      break;
  }
  const ItemCodec* codec = registry_.find_codec(message.name);
  ARNO_CHECK(codec, Errc::data_corrupt, "found an item of the unknown type {}", message.name);
  detail::send_in_order(
      nullptr, shell,
      Deliver{message.lane, codec->decode(message.parts, static_cast<size_t>(message.bytes))});
}

namespace {

struct RemoteState {
  static constexpr const char* name = "remote_shell";

  /// The shell goes with its stand-in.
  ~RemoteState() { give({.kind = ShellOrder::discard}); }

  RemoteShell remote;
  std::unordered_map<int, uint64_t> sent;  ///< items, by lane

  void give(const ShellOrder& order) const {
    if (remote.give) remote.give(order);
  }
};

using Self = ShellActor::stateful_pointer<RemoteState>;

Lane lane_of(const InputLane& lane) {
  return {.id = lane.lane,
          .to_port = lane.port,
          .capacity_items = lane.capacity_items,
          .capacity_bytes = lane.capacity_bytes};
}

Lane lane_of(const OutputLane& lane) {
  return {.id = lane.lane,
          .edge = lane.edge,
          .share = lane.share,
          .from_port = lane.port,
          .capacity_items = lane.capacity_items,
          .capacity_bytes = lane.capacity_bytes,
          .lossy = lane.lossy};
}

ShellActor::behavior_type remote_shell(Self self, RemoteShell remote) {
  self->state.remote = std::move(remote);
  RemoteState& state = self->state;
  const auto give = [&state](ShellOrder::Kind kind, int lane = -1) {
    state.give({.kind = kind, .lane = {.id = lane}});
  };
  return {
      [=](const Start&) { give(ShellOrder::start); },
      [&state](const Deliver& message) {
        state.remote.router->deliver(state.remote.node, message.lane, ++state.sent[message.lane],
                                     message.item);
      },
      [&state](const Acknowledge& message) {
        state.remote.router->acknowledge(state.remote.node, message);
      },
      [&state](const EndOfStream& message) {
        state.remote.router->end(state.remote.node, message.lane, state.sent[message.lane]);
      },
      [=](const Drain&) { give(ShellOrder::drain); },
      [&state](const AddInput& message) {
        state.give(
            {.kind = ShellOrder::add_input, .lane = lane_of(message.lane), .peer = message.peer});
      },
      [&state](const AddOutput& message) {
        state.give({.kind = ShellOrder::add_output,
                    .lane = lane_of(message.lane),
                    .edge = message.edge,
                    .peer = message.peer});
      },
      [=](const CloseOutput& message) { give(ShellOrder::close_output, message.lane); },
      [=](const DropOutput& message) { give(ShellOrder::drop_output, message.lane); },
      [&state](const ResizeLane& message) {
        state.give({.kind = ShellOrder::resize,
                    .lane = {.id = message.lane,
                             .capacity_items = message.capacity_items,
                             .capacity_bytes = message.capacity_bytes}});
      },
      [](const AdoptOptions& message) {
        message.adopted->set_exception(std::make_exception_ptr(
            Error(Errc::unsupported, "the options of an actor on another node stay as they are")));
      },
      [=](const Redeliver&) {},
      [=](const Leave&) { give(ShellOrder::leave); },
      [=](const Wake&) {},
      [=](const Continue&) {},
      [=](const Decision& decision) {
        give(decision == Decision::restart ? ShellOrder::restart : ShellOrder::skip);
      },
  };
}

}  // namespace

ShellActor spawn_remote_shell(caf::actor_system& system, RemoteShell remote) {
  return system.spawn(remote_shell, std::move(remote));
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/shell.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/spawn_options.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace arno::graph {
namespace {

// Pieces of work between two looks at the mailbox.
constexpr int kBudget = 64;

struct ShellState;
using Self = ShellActor::stateful_pointer<ShellState>;

/// Sends what a driver has for other actors.
class MessageCourier final : public Courier {
 public:
  MessageCourier(Self self, std::shared_ptr<LaneTable> lanes)
      : self_(self), lanes_(std::move(lanes)) {}

  void deliver(int lane, Payload item) override;
  void acknowledge(int lane, uint64_t items, int64_t bytes) override;
  void end(int lane) override;

 private:
  Self self_;
  std::shared_ptr<LaneTable> lanes_;
};

struct ShellState {
  static constexpr const char* name = "shell";
  using Clock = std::chrono::steady_clock;

  ShellParts parts;
  std::unique_ptr<MessageCourier> courier;
  std::unique_ptr<StageDriver> driver;
  std::optional<Idle> idle = Idle::starved;
  Clock::time_point since = Clock::now();
  bool started = false;
  bool continuing = false;
  bool reported = false;
  bool skip_refused = false;

  void account(monitoring::Counter& counter) {
    const Clock::time_point now = Clock::now();
    counter.add(std::chrono::duration<double>(now - since).count());
    since = now;
  }

  monitoring::Counter& idle_counter() {
    if (idle == Idle::blocked) return parts.metrics.blocked;
    return idle == Idle::failed ? parts.metrics.paused : parts.metrics.starved;
  }

  void publish(int64_t items, int64_t sent, int64_t bytes) {
    parts.metrics.items.add(static_cast<double>(driver->items_handled() - items));
    parts.metrics.sent.add(static_cast<double>(driver->items_sent() - sent));
    parts.metrics.bytes.add(static_cast<double>(driver->bytes_sent() - bytes));
    parts.metrics.queued.set(static_cast<double>(driver->queued()));
    for (auto& [edge, gauge] : parts.metrics.in_flight) {
      gauge.set(static_cast<double>(driver->in_flight(edge)));
    }
  }
};

void MessageCourier::deliver(int lane, Payload item) {
  self_->send(lanes_->consumers[lane], Deliver{lane, std::move(item)});
}
void MessageCourier::acknowledge(int lane, uint64_t items, int64_t bytes) {
  self_->send(lanes_->producers[lane], Acknowledge{lane, items, bytes});
}
void MessageCourier::end(int lane) { self_->send(lanes_->consumers[lane], EndOfStream{lane}); }

void tell_supervisor(Self self, Idle idle) {
  ShellState& state = self->state;
  const SupervisorActor& supervisor = state.parts.lanes->supervisor;
  if (idle == Idle::finished) self->send(supervisor, StageFinished{state.parts.id});
  if (idle == Idle::failed) {
    state.parts.metrics.errors.add();
    const StageFailure& failure = state.driver->failure();
    self->send(supervisor,
               StageFailed{state.parts.id, failure.code, failure.text, state.skip_refused});
  }
}

/// Lets the driver work and notes how the time went.
void pump(Self self) {
  ShellState& state = self->state;
  if (!state.started || state.reported) return;
  state.account(state.idle_counter());
  const int64_t items = state.driver->items_handled();
  const int64_t sent = state.driver->items_sent();
  const int64_t bytes = state.driver->bytes_sent();
  state.idle = state.driver->run(kBudget);
  state.publish(items, sent, bytes);
  state.account(state.parts.metrics.busy);
  if (!state.idle) {
    if (!std::exchange(state.continuing, true)) self->send(self, Continue{});
    return;
  }
  if (*state.idle == Idle::finished || *state.idle == Idle::failed) {
    state.reported = true;
    tell_supervisor(self, *state.idle);
  }
}

void decide(Self self, Decision decision) {
  ShellState& state = self->state;
  state.reported = false;
  if (decision == Decision::skip) {
    state.skip_refused = !state.driver->skip();
  } else {
    const PlannedActor& actor = state.parts.plan->actors[state.parts.actor];
    state.driver->restart(actor.options->make_stage(state.parts.context));
  }
  pump(self);
}

ShellActor::behavior_type shell(Self self, ShellParts parts) {
  ShellState& state = self->state;
  state.parts = std::move(parts);
  const PlannedActor& actor = state.parts.plan->actors[state.parts.actor];
  state.courier = std::make_unique<MessageCourier>(self, state.parts.lanes);
  state.driver =
      std::make_unique<StageDriver>(*actor.kind, std::move(state.parts.stage), state.parts.inputs,
                                    state.parts.outputs, *state.courier);
  return {
      [self](const Start&) {
        self->state.started = true;
        self->state.since = ShellState::Clock::now();
        pump(self);
      },
      [self](const Deliver& message) {
        self->state.driver->on_item(message.lane, message.item);
        pump(self);
      },
      [self](const Acknowledge& message) {
        self->state.driver->on_acknowledge(message.lane, message.items, message.bytes);
        pump(self);
      },
      [self](const EndOfStream& message) {
        self->state.driver->on_end(message.lane);
        pump(self);
      },
      [self](const Drain&) {
        self->state.driver->on_drain();
        pump(self);
      },
      [self](const Continue&) {
        self->state.continuing = false;
        pump(self);
      },
      [self](Decision decision) { decide(self, decision); },
  };
}

}  // namespace

ShellMetrics ShellMetrics::create(monitoring::MetricRegistry& registry, const Plan& plan, int actor,
                                  const StageContext& context) {
  const PlannedActor& planned = plan.actors[actor];
  const monitoring::Labels labels{{"job", plan.config.job},
                                  {"actor", planned.name},
                                  {"kind", planned.kind->name},
                                  {"replica", std::to_string(context.replica)}};
  const auto counter = [&](const char* name, const char* help) {
    return registry.counter(name, help, labels);
  };
  const auto time = [&](const char* state) {
    monitoring::Labels with_state = labels;
    with_state["state"] = state;
    return registry.counter("arno_actor_time_seconds_total",
                            "Time of an actor by what it did; the states add up to all of it.",
                            with_state);
  };
  ShellMetrics out{
      .items = counter("arno_actor_items_total", "Items an actor has handled."),
      .sent = counter("arno_actor_sent_items_total", "Items an actor has sent."),
      .bytes = counter("arno_actor_sent_bytes_total", "Bytes an actor has sent."),
      .errors = counter("arno_actor_errors_total", "Items an actor has failed on."),
      .busy = time("busy"),
      .starved = time("starved"),
      .blocked = time("blocked"),
      .paused = time("paused"),
      .queued = registry.gauge("arno_actor_queued_items", "Items that wait at an actor.", labels),
      .in_flight = {}};
  for (size_t e = 0; e < plan.edges.size(); ++e) {
    const PlannedEdge& edge = plan.edges[e];
    if (edge.from != actor) continue;
    const std::string name = fmt::format(
        "{}.{}->{}.{}", planned.name, planned.kind->outputs[edge.from_port].name,
        plan.actors[edge.to].name, plan.actors[edge.to].kind->inputs[edge.to_port].name);
    const monitoring::Labels edge_labels{
        {"job", plan.config.job}, {"edge", name}, {"replica", std::to_string(context.replica)}};
    registry
        .gauge("arno_edge_capacity_items", "Items an edge may hold.",
               {{"job", plan.config.job}, {"edge", name}})
        .set(static_cast<double>(edge.capacity_items));
    out.in_flight[static_cast<int>(e)] = registry.gauge(
        "arno_edge_in_flight_items", "Items under way on an edge: credit in use.", edge_labels);
  }
  return out;
}

ShellActor spawn_shell(caf::actor_system& system, ShellParts parts) {
  const ActorKind& kind = *parts.plan->actors[parts.actor].kind;
  if (kind.scheduling == Scheduling::detached) {
    return system.spawn<caf::detached>(shell, std::move(parts));
  }
  return system.spawn(shell, std::move(parts));
}

}  // namespace arno::graph

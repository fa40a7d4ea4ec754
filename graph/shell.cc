// SPDX-License-Identifier: Apache-2.0
#include "graph/shell.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/spawn_options.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>

#include "graph/detail/mailbox_order.h"
#include "graph/detail/message_courier.h"

namespace arno::graph {
namespace {

using Clock = std::chrono::steady_clock;

// Between two looks at the mailbox a shell makes at most so many calls, in little more than this
// time, so that a source or a long queue keeps neither credit nor an exit waiting.
constexpr int kBudget = 64;
constexpr std::chrono::milliseconds kSlice{2};

struct ShellState;
using Self = ShellActor::stateful_pointer<ShellState>;

struct ShellState {
  static constexpr const char* name = "shell";

  ShellParts parts;
  std::unique_ptr<detail::MessageCourier> courier;
  std::unique_ptr<StageDriver> driver;
  std::optional<Idle> idle = Idle::starved;  ///< nothing: it has work
  Clock::time_point since;                   ///< it does what it does
  bool started = false;
  bool continuing = false;  ///< a Continue is in the mailbox
  bool reported = false;    ///< the supervisor knows of the failure
  bool leaving = false;     ///< the job goes on without it

  /// From `now` on it does this.
  void enter(Activity what, Clock::time_point now) {
    parts.metrics.times->enter(what, now);
    since = now;
  }

  /// Ends the time in which nothing was done.
  void begin_work(Clock::time_point now) {
    if (parts.trace && idle) parts.trace->wait(*idle, since, now);
    enter(Activity::busy, now);
  }

  void end_work(Clock::time_point now) {
    enter(!idle                     ? Activity::busy
          : *idle == Idle::finished ? Activity::none
          : *idle == Idle::blocked  ? Activity::blocked
          : *idle == Idle::failed   ? Activity::paused
                                    : Activity::starved,
          now);
  }

  /// Lets the driver work for a while and accounts for the time.
  void work();
  /// Lets the driver do something that is no work on an item, and accounts for the time.
  template <class Action>
  void aside(Action action);
  /// After the end: items of a back edge get their credit back, acknowledgements are shown.
  void finish_late_items() {
    driver->run(1);
    parts.metrics.publish(*driver);
  }
};

void ShellState::work() {
  Clock::time_point now = Clock::now();
  begin_work(now);
  const Clock::time_point limit = now + kSlice;
  for (int done = 0; done < kBudget && now < limit; ++done) {
    const int64_t calls = driver->counts().calls;
    idle = driver->run(1);
    if (driver->counts().calls != calls) {
      const Clock::time_point begin = std::exchange(now, Clock::now());
      if (parts.trace) parts.trace->call(driver->last_call(), begin, now);
    }
    if (idle) break;
  }
  end_work(now);
  parts.metrics.publish(*driver);
}

template <class Action>
void ShellState::aside(Action action) {
  const bool timed = started && idle != Idle::finished;
  const int64_t calls = driver->counts().calls;
  const Clock::time_point begin = Clock::now();
  if (timed) begin_work(begin);
  action();
  const Clock::time_point now = Clock::now();
  if (parts.trace && driver->counts().calls != calls) {
    parts.trace->call(driver->last_call(), begin, now);
  }
  if (timed) end_work(now);
}

void report_failure(Self self, const StageFailure& failure) {
  ShellState& state = self->state;
  state.parts.metrics.count_error(failure.code);
  detail::send_in_order(self->context(), state.parts.supervisor,
                        StageFailed{state.parts.id, failure.code, failure.text, failure.fatal});
}

/// Works, and tells the supervisor when the stage has failed or ended. Of messages that wait
/// together only the last one comes to work, as it costs more than to take an item in. Every
/// handler ends here: one that did not would let those before it wait.
void pump(Self self) {
  ShellState& state = self->state;
  if (!state.started || !self->mailbox().empty()) return;
  if (state.idle == Idle::finished) {
    state.finish_late_items();
    if (state.leaving && state.driver->is_done()) self->quit();
    return;
  }
  state.work();
  if (!state.idle) {
    if (!std::exchange(state.continuing, true))
      detail::send_in_order(self->context(), ShellActor(self), Continue{});
  } else if (*state.idle == Idle::finished) {
    detail::send_in_order(self->context(), state.parts.supervisor, StageFinished{state.parts.id});
  } else if (*state.idle == Idle::failed && !std::exchange(state.reported, true)) {
    report_failure(self, state.driver->failure());
  }
}

void on_start(Self self, const Start&) {
  self->state.started = true;
  self->state.enter(Activity::starved, Clock::now());
  pump(self);
}

void on_deliver(Self self, const Deliver& message) {
  self->state.driver->on_item(message.lane, message.item);
  pump(self);
}

void on_acknowledge(Self self, const Acknowledge& message) {
  self->state.driver->on_acknowledge(message.lane, message.items, message.bytes);
  pump(self);
}

void on_end(Self self, const EndOfStream& message) {
  self->state.driver->on_end(message.lane);
  pump(self);
}

void on_drain(Self self, const Drain&) {
  self->state.aside([&] { self->state.driver->on_drain(); });
  pump(self);
}

void on_add_input(Self self, const AddInput& message) {
  ShellState& state = self->state;
  state.courier->add_peer(message.lane.lane, message.producer);
  const bool taken = state.driver->add_input(message.lane);
  detail::send_in_order(self->context(), state.parts.supervisor,
                        InputAdded{message.lane.lane, taken});
  pump(self);
}

void on_add_output(Self self, const AddOutput& message) {
  ShellState& state = self->state;
  state.courier->add_peer(message.lane.lane, message.consumer);
  state.parts.metrics.add_edge(message.lane.edge, message.edge);
  state.driver->add_output(message.lane);
  detail::send_in_order(self->context(), state.parts.supervisor, OutputAdded{message.lane.lane});
  pump(self);
}

void on_close_output(Self self, const CloseOutput& message) {
  self->state.driver->close_output(message.lane);
  pump(self);
}

void on_drop_output(Self self, const DropOutput& message) {
  self->state.driver->drop_output(message.lane);
  detail::send_in_order(self->context(), self->state.parts.supervisor, OutputDropped{message.lane});
  pump(self);
}

void on_redeliver(Self self, const Redeliver&) {
  self->state.driver->on_redeliver();
  pump(self);
}

void on_resize(Self self, const ResizeLane& message) {
  self->state.driver->resize(message.lane, message.capacity_items, message.capacity_bytes);
  pump(self);
}

void on_adopt(Self self, const AdoptOptions& message) {
  ShellState& state = self->state;
  try {
    state.parts.actor.options = state.driver->adopt(message.options);
    message.adopted->set_value(state.parts.actor.options);
  } catch (...) {
    message.adopted->set_exception(std::current_exception());
  }
  pump(self);
}

void on_leave(Self self, const Leave&) {
  self->state.leaving = true;
  pump(self);
}

void on_wake(Self self, const Wake&) {
  self->state.driver->on_wake();
  pump(self);
}

/// For the stage, whose life it may outlast: it keeps nothing alive.
std::function<void()> wake_of(Self self) {
  return [address = self->address()] {
    const auto shell = caf::actor_cast<caf::strong_actor_ptr>(address);
    if (shell) detail::send_in_order(nullptr, caf::actor_cast<ShellActor>(shell), Wake{});
  };
}

void on_continue(Self self, const Continue&) {
  self->state.continuing = false;
  pump(self);
}

void on_decision(Self self, const Decision& decision) {
  ShellState& state = self->state;
  state.reported = false;
  state.aside([&] {
    if (decision == Decision::skip) {
      state.driver->skip();
    } else {
      std::shared_ptr<Stage> fresh = state.parts.actor.options->make_stage(state.parts.context);
      fresh->set_wake(wake_of(self));
      state.driver->restart(std::move(fresh));
    }
  });
  pump(self);
}

/// A failure outside the driver's care: a broken protocol, or a stage that could not be made anew.
caf::error on_exception(Self self, const std::exception_ptr& exception) {
  StageFailure failure = failure_of(exception);
  failure.fatal = true;
  report_failure(self, failure);
  return caf::exit_reason::unhandled_exception;
}

ShellActor::behavior_type shell(Self self, ShellParts parts) {
  detail::order_after(parts.stage.get());
  const detail::Turn turn(self);
  ShellState& state = self->state;
  state.parts = std::move(parts);
  state.parts.stage->set_wake(wake_of(self));
  state.courier = std::make_unique<detail::MessageCourier>(self);
  state.driver = std::make_unique<StageDriver>(*state.parts.actor.kind,
                                               std::move(state.parts.stage), *state.courier);
  self->set_exception_handler(
      [self](std::exception_ptr& exception) { return on_exception(self, exception); });
  // CAF tries one after the other: the frequent ones first.
  return {detail::in_turn(self, on_deliver),      detail::in_turn(self, on_acknowledge),
          detail::in_turn(self, on_continue),     detail::in_turn(self, on_start),
          detail::in_turn(self, on_end),          detail::in_turn(self, on_drain),
          detail::in_turn(self, on_add_input),    detail::in_turn(self, on_add_output),
          detail::in_turn(self, on_close_output), detail::in_turn(self, on_drop_output),
          detail::in_turn(self, on_redeliver),    detail::in_turn(self, on_resize),
          detail::in_turn(self, on_adopt),        detail::in_turn(self, on_leave),
          detail::in_turn(self, on_wake),         detail::in_turn(self, on_decision)};
}

}  // namespace

ShellActor spawn_shell(caf::actor_system& system, ShellParts parts) {
  detail::order_before(parts.stage.get());
  if (parts.actor.kind->scheduling == Scheduling::detached) {
    return system.spawn<caf::detached>(shell, std::move(parts));
  }
  return system.spawn(shell, std::move(parts));
}

}  // namespace arno::graph

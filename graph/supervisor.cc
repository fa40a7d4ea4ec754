// SPDX-License-Identifier: Apache-2.0
#include "graph/supervisor.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "common/log.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {
namespace {

struct SupervisorState {
  static constexpr const char* name = "supervisor";

  std::shared_ptr<SupervisorParts> parts;
  std::vector<bool> finished;
  std::vector<int64_t> errors;
  bool draining = false;
  bool ended = false;

  void tell(const std::string& kind, const std::string& actor, const std::string& text) const {
    if (parts->observer) parts->observer->on_event({kind, actor, text});
  }

  std::string unfinished() const {
    std::vector<std::string> names;
    for (size_t i = 0; i < finished.size(); ++i) {
      if (!finished[i]) names.push_back(parts->shells[i].name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }
};

using Self = SupervisorActor::stateful_pointer<SupervisorState>;

/// Says how the job ended. After a failure nothing goes on in the background.
void end(Self self, JobResult result) {
  SupervisorState& state = self->state;
  if (std::exchange(state.ended, true)) return;
  if (result.outcome == JobResult::Outcome::failed) {
    for (const SupervisedShell& supervised : state.parts->shells) {
      self->send_exit(supervised.shell, caf::exit_reason::user_shutdown);
    }
  }
  state.parts->on_end(std::move(result));
}

void fail_job(Self self, std::string why) {
  end(self, {.outcome = JobResult::Outcome::failed, .error = std::move(why)});
}

void on_finished(Self self, const StageFinished& message) {
  SupervisorState& state = self->state;
  state.finished[message.shell] = true;
  if (std::ranges::find(state.finished, false) != state.finished.end()) return;
  end(self,
      {.outcome = state.draining ? JobResult::Outcome::drained : JobResult::Outcome::completed});
}

void on_failed(Self self, const StageFailed& message) {
  SupervisorState& state = self->state;
  if (state.ended) return;
  const SupervisedShell& failed = state.parts->shells[message.shell];
  const int64_t count = ++state.errors[message.shell];
  const bool over = count > failed.max_errors;
  if (failed.on_error == "stop" || message.fatal || over) {
    const std::string which =
        over ? fmt::format(" (error {}, max_errors is {})", count, failed.max_errors) : "";
    state.tell("fault", failed.name, "stopped the job: " + message.text);
    return fail_job(self, fmt::format("{}: {}{}", failed.name, message.text, which));
  }
  const bool restart = failed.on_error == "restart";
  const std::string what =
      fmt::format("{}: {}", restart ? "restarted after" : "skipped an item after", message.text);
  log::warn(failed.name, "{}", what);
  state.tell("fault", failed.name, what);
  detail::send_in_order(self->context(), failed.shell,
                        restart ? Decision::restart : Decision::skip);
}

void on_drain(Self self, const DrainJob&) {
  SupervisorState& state = self->state;
  if (state.ended || std::exchange(state.draining, true)) return;
  state.tell("drain", "", "drains: sources stop, what is under way goes through");
  for (const SupervisedShell& supervised : state.parts->shells) {
    detail::send_in_order(self->context(), supervised.shell, Drain{});
  }
  self->delayed_send(self, std::chrono::seconds(state.parts->drain_timeout_s), DrainTimedOut{});
}

void on_drain_timed_out(Self self, const DrainTimedOut&) {
  fail_job(self, fmt::format("the drain took more than {} s; not finished: {}",
                             self->state.parts->drain_timeout_s, self->state.unfinished()));
}

/// A shell tells why before it goes down; this is for one that had no chance to.
void on_down(Self self, const caf::down_msg& message) {
  const detail::Turn turn(self);
  for (const SupervisedShell& supervised : self->state.parts->shells) {
    if (supervised.shell.address() != message.source) continue;
    fail_job(self, fmt::format("{}: its actor ended unexpectedly", supervised.name));
  }
}

void on_abort(Self self, const AbortJob& message) { fail_job(self, message.reason); }

void on_start(Self self, const Start&) {
  for (const SupervisedShell& supervised : self->state.parts->shells) {
    self->monitor(supervised.shell);
    detail::send_in_order(self->context(), supervised.shell, Start{});
  }
}

SupervisorActor::behavior_type supervisor(Self self, std::shared_ptr<SupervisorParts> parts) {
  detail::order_after(parts.get());
  const detail::Turn turn(self);
  SupervisorState& state = self->state;
  state.finished.resize(parts->shells.size());
  state.errors.resize(parts->shells.size());
  state.parts = std::move(parts);
  self->set_down_handler([self](const caf::down_msg& message) { on_down(self, message); });
  return {detail::in_turn(self, on_start),  detail::in_turn(self, on_finished),
          detail::in_turn(self, on_failed), detail::in_turn(self, on_drain),
          detail::in_turn(self, on_abort),  detail::in_turn(self, on_drain_timed_out)};
}

}  // namespace

SupervisorActor spawn_supervisor(caf::actor_system& system,
                                 std::shared_ptr<SupervisorParts> parts) {
  detail::order_before(parts.get());
  return system.spawn(supervisor, std::move(parts));
}

}  // namespace arno::graph

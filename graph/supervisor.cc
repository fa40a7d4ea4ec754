// SPDX-License-Identifier: Apache-2.0
#include "graph/supervisor.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "common/log.h"

namespace arno::graph {
namespace {

struct SupervisorState {
  static constexpr const char* name = "supervisor";

  std::shared_ptr<SupervisorParts> parts;
  std::vector<bool> finished;
  std::vector<int64_t> errors;
  bool draining = false;
  bool ended = false;

  void end(JobResult result) {
    if (std::exchange(ended, true)) return;
    parts->on_end(std::move(result));
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

void on_finished(Self self, const StageFinished& message) {
  SupervisorState& state = self->state;
  state.finished[message.shell] = true;
  if (std::ranges::find(state.finished, false) != state.finished.end()) return;
  state.end(
      {.outcome = state.draining ? JobResult::Outcome::drained : JobResult::Outcome::completed});
}

void on_failed(Self self, const StageFailed& message) {
  SupervisorState& state = self->state;
  if (state.ended) return;
  const SupervisedShell& failed = state.parts->shells[message.shell];
  const int64_t count = ++state.errors[message.shell];
  if (failed.on_error == "stop" || message.skip_refused || count > failed.max_errors) {
    const std::string why = failed.on_error == "stop" || message.skip_refused
                                ? ""
                                : fmt::format(" (after {} failures)", count);
    state.end({.outcome = JobResult::Outcome::failed,
               .error = fmt::format("{}: {}{}", failed.name, message.text, why)});
    return;
  }
  const bool restart = failed.on_error == "restart";
  log::warn(failed.name, "{}: {}", restart ? "restarted after" : "skipped an item after",
            message.text);
  self->send(failed.shell, restart ? Decision::restart : Decision::skip);
}

void on_drain(Self self) {
  SupervisorState& state = self->state;
  if (state.ended || std::exchange(state.draining, true)) return;
  for (const SupervisedShell& supervised : state.parts->shells) {
    self->send(supervised.shell, Drain{});
  }
  self->delayed_send(self, std::chrono::seconds(state.parts->drain_timeout_s), DrainTimedOut{});
}

SupervisorActor::behavior_type supervisor(Self self, std::shared_ptr<SupervisorParts> parts) {
  SupervisorState& state = self->state;
  state.finished.resize(parts->shells.size());
  state.errors.resize(parts->shells.size());
  state.parts = std::move(parts);
  return {
      [self](const Start&) {
        for (const SupervisedShell& supervised : self->state.parts->shells) {
          self->send(supervised.shell, Start{});
        }
      },
      [self](const StageFinished& message) { on_finished(self, message); },
      [self](const StageFailed& message) { on_failed(self, message); },
      [self](const DrainJob&) { on_drain(self); },
      [self](const AbortJob& message) {
        self->state.end({.outcome = JobResult::Outcome::failed, .error = message.reason});
      },
      [self](const DrainTimedOut&) {
        SupervisorState& now = self->state;
        now.end({.outcome = JobResult::Outcome::failed,
                 .error = fmt::format("the drain took more than {} s; not finished: {}",
                                      now.parts->drain_timeout_s, now.unfinished())});
      },
  };
}

}  // namespace

SupervisorActor spawn_supervisor(caf::actor_system& system,
                                 std::shared_ptr<SupervisorParts> parts) {
  return system.spawn(supervisor, std::move(parts));
}

}  // namespace arno::graph

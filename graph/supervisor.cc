// SPDX-License-Identifier: Apache-2.0
#include "graph/supervisor.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>
#include <set>

#include "common/log.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {
namespace {

struct SupervisorState;
using Self = SupervisorActor::stateful_pointer<SupervisorState>;

/// Where a supervised shell stands.
struct Watched {
  SupervisedShell parts;
  int64_t errors = 0;
  bool finished = false;
  bool leaving = false;  ///< may go down
  bool dropped = false;  ///< nothing of it counts any more

  /// Whether nobody waits for it any more.
  bool is_through() const { return finished || parts.shadow; }
};

/// Gives the orders of a change, and of a loss, by messages.
class MessageOrders final : public ChangeOrders, public DropOrders {
 public:
  MessageOrders(Self self, std::vector<std::string> edges)
      : self_(self), edges_(std::move(edges)) {}

  void add_input(const Lane& lane) override {
    send(lane.consumer, AddInput{lane.input(), lane.producer, handle(lane.producer)});
  }
  void add_output(const Lane& lane) override {
    send(lane.producer,
         AddOutput{lane.output(), edges_.at(lane.edge), lane.consumer, handle(lane.consumer)});
  }
  void end_input(const Lane& lane) override { send(lane.consumer, EndOfStream{lane.id}); }
  void resize(const Lane& lane) override {
    const ResizeLane message{lane.id, lane.capacity_items, lane.capacity_bytes};
    send(lane.producer, message);
    send(lane.consumer, message);
  }
  void close_output(const Lane& lane) override { send(lane.producer, CloseOutput{lane.id}); }
  void start(int shell) override;
  void drain(int shell) override { send(shell, Drain{}); }
  void leave(int shell) override;
  void discard(int shell) override;
  void drop_output(int shell, int lane) override { send(shell, DropOutput{lane}); }
  void end_lost_input(int shell, int lane) override { send(shell, EndOfStream{lane}); }
  void redeliver(int source) override { send(source, Redeliver{}); }

 private:
  const ShellActor& shell(int number) const;
  caf::strong_actor_ptr handle(int number) const {
    return caf::actor_cast<caf::strong_actor_ptr>(shell(number));
  }
  template <class Message>
  void send(int number, Message message);

  Self self_;
  std::vector<std::string> edges_;
};

struct SupervisorState {
  static constexpr const char* name = "supervisor";

  SupervisorParts parts;
  std::vector<Watched> shells;  ///< by number
  std::optional<MessageOrders> orders;
  std::optional<ChangeProtocol> change;  ///< the last one
  std::optional<DropProtocol> losses;
  bool starts_anew = false;                       ///< the graph comes to its end, but not the job
  std::shared_ptr<std::promise<bool>> finishing;  ///< is told of that end
  bool draining = false;
  bool ended = false;

  void tell(const std::string& kind, const std::string& actor, const std::string& text) const {
    if (parts.observer) parts.observer->on_event({kind, actor, text});
  }

  /// Whether the job has ended when every shell has.
  bool ends_with_graph() const { return !starts_anew || draining; }

  /// Answers who waits for the end of the graph.
  void tell_finished(bool all) {
    if (const auto waiting = std::exchange(finishing, nullptr)) waiting->set_value(all);
  }

  std::string unfinished() const {
    std::vector<std::string> names;
    for (const Watched& shell : shells) {
      if (!shell.finished) names.push_back(shell.parts.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }
};

template <class Message>
void tell_shell(Self self, int shell, Message message) {
  detail::send_in_order(self->context(), self->state.shells.at(shell).parts.shell,
                        std::move(message));
}

const ShellActor& MessageOrders::shell(int number) const {
  return self_->state.shells.at(number).parts.shell;
}

template <class Message>
void MessageOrders::send(int number, Message message) {
  tell_shell(self_, number, std::move(message));
}

void MessageOrders::start(int shell) {
  send(shell, Start{});
  if (self_->state.draining) send(shell, Drain{});
}

void MessageOrders::leave(int shell) {
  self_->state.shells.at(shell).leaving = true;
  send(shell, Leave{});
}

void MessageOrders::discard(int shell) {
  Watched& watched = self_->state.shells.at(shell);
  watched.leaving = watched.finished = true;
  self_->state.losses->on_finished(shell);
  self_->send_exit(watched.parts.shell, caf::exit_reason::user_shutdown);
}

/// Says how the job ended. After a failure nothing goes on in the background.
void end(Self self, JobResult result) {
  SupervisorState& state = self->state;
  if (std::exchange(state.ended, true)) return;
  if (result.outcome == JobResult::Outcome::failed) {
    for (const Watched& watched : state.shells) {
      self->send_exit(watched.parts.shell, caf::exit_reason::user_shutdown);
    }
  }
  if (state.change) state.change->cancel();
  state.tell_finished(false);
  state.parts.on_end(std::move(result));
}

void fail_job(Self self, std::string why) {
  end(self, {.outcome = JobResult::Outcome::failed, .error = std::move(why)});
}

/// Every stream has ended.
void complete(Self self) {
  end(self, {.outcome = self->state.draining ? JobResult::Outcome::drained
                                             : JobResult::Outcome::completed});
}

/// What a change is refused for; "" for nothing.
std::string obstacle(const SupervisorState& state, const JobChange& change) {
  const bool in_spite = change.restart || change.recovery;
  if (state.ended || (state.draining && !in_spite)) return "the job is ending";
  if (state.change && !state.change->is_done()) return "another change is under way";
  return "";
}

void on_change(Self self, const ChangeJob& message) {
  SupervisorState& state = self->state;
  JobChange& change = *message.change;
  const bool first = !state.change;
  if (const std::string why = obstacle(state, change); !why.empty()) {
    for (SupervisedShell& shell : change.new_shells) {
      self->send_exit(shell.shell, caf::exit_reason::user_shutdown);
      state.shells.push_back({.parts = std::move(shell), .finished = true, .leaving = true});
    }
    change.done(why);
    return;
  }
  if (change.restart) state.starts_anew = false;
  for (SupervisedShell& shell : change.new_shells) {
    self->monitor(shell.shell);
    if (!first && !change.restart) state.tell("attach", shell.name, "joins the job");
    state.shells.push_back({std::move(shell)});
  }
  for (const int shell : change.graph.leaving_shells) {
    state.tell("detach", state.shells.at(shell).parts.name, "leaves when it is through");
  }
  state.orders.emplace(self, std::move(change.edges));
  if (first) state.losses.emplace(*state.orders);
  state.change.emplace(*state.orders, change.graph, std::move(change.done));
  state.change->begin();
  for (const int shell : change.graph.leaving_shells) {
    if (state.shells.at(shell).finished) state.change->on_finished(shell);
  }
}

void on_input_added(Self self, const InputAdded& message) {
  if (self->state.change) self->state.change->on_input_added(message.lane, message.taken);
}

void on_output_added(Self self, const OutputAdded& message) {
  if (self->state.change) self->state.change->on_output_added(message.lane);
}

/// Whether every shell is through but those that were lost with a node.
bool only_lost_are_missing(const SupervisorState& state, const DropShells& message) {
  if (message.node.empty()) return false;
  const std::set<int> lost(message.shells.begin(), message.shells.end());
  for (int shell = 0; shell < static_cast<int>(state.shells.size()); ++shell) {
    if (!state.shells[shell].is_through() && !lost.contains(shell)) return false;
  }
  return true;
}

/// Goes on without shells that are gone: nobody waits for them, or for what was under way to them.
void on_drop(Self self, const DropShells& message) {
  SupervisorState& state = self->state;
  const bool complete_without = only_lost_are_missing(state, message);
  std::set<int> had_left;
  for (const int shell : message.shells) {
    Watched& lost = state.shells.at(shell);
    if (lost.finished && lost.leaving) had_left.insert(shell);
    lost.finished = lost.leaving = lost.dropped = true;
    self->send_exit(lost.parts.shell, caf::exit_reason::user_shutdown);
  }
  if (state.ended) return;
  state.tell_finished(false);
  if (complete_without && state.ends_with_graph()) return complete(self);
  for (const int shell : message.shells) {
    const Watched& lost = state.shells.at(shell);
    if (!message.node.empty() && !had_left.contains(shell)) {
      state.tell("fault", lost.parts.name, fmt::format("was lost with node {}", message.node));
    }
  }
  if (!state.change) return;
  state.losses->on_lost(message);
  state.change->on_lost(message);
}

void on_output_dropped(Self self, const OutputDropped& message) {
  if (self->state.losses) self->state.losses->on_output_dropped(message.lane);
}

void complete_when_finished(Self self) {
  SupervisorState& state = self->state;
  if (!std::ranges::all_of(state.shells, &Watched::is_through)) return;
  if (!state.ends_with_graph()) return state.tell_finished(true);
  complete(self);
}

void on_finish_recovery(Self self, const FinishRecovery& message) {
  SupervisorState& state = self->state;
  if (state.ended || !state.losses) return;
  state.losses->finish(message);
  // What was to take the place of the lost may have come too late.
  if (!message.sources.empty()) complete_when_finished(self);
}

void on_finished(Self self, const StageFinished& message) {
  SupervisorState& state = self->state;
  if (state.shells.at(message.shell).dropped) return;
  state.shells.at(message.shell).finished = true;
  if (state.change) state.change->on_finished(message.shell);
  if (state.losses) state.losses->on_finished(message.shell);
  complete_when_finished(self);
}

void shadow_failed(Self self, int shell, const std::string& why) {
  const std::string& name = self->state.shells.at(shell).parts.name;
  log::warn(name, "leaves the job: {}", why);
  self->state.tell("fault", name, "leaves the job: " + why);
  self->state.parts.on_shadow_failed(shell);
}

void on_failed(Self self, const StageFailed& message) {
  SupervisorState& state = self->state;
  if (state.ended || state.shells.at(message.shell).dropped) return;
  const SupervisedShell& failed = state.shells.at(message.shell).parts;
  const bool alone = message.code == Errc::comm_failed || message.code == Errc::cancelled;
  if (failed.goes_back && alone && !message.fatal) {
    return state.parts.on_setback(message.shell, fmt::format("{}: {}", failed.name, message.text));
  }
  if (failed.shadow) return shadow_failed(self, message.shell, message.text);
  const int64_t count = ++state.shells.at(message.shell).errors;
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
  tell_shell(self, message.shell, restart ? Decision::restart : Decision::skip);
}

void drain_shells(Self self) {
  for (const Watched& watched : self->state.shells) {
    detail::send_in_order(self->context(), watched.parts.shell, Drain{});
  }
}

void on_drain(Self self, const DrainJob&) {
  SupervisorState& state = self->state;
  if (state.ended || std::exchange(state.draining, true)) return;
  state.tell("drain", "", "drains: sources stop, what is under way goes through");
  drain_shells(self);
  self->delayed_send(self, std::chrono::seconds(state.parts.drain_timeout_s), DrainTimedOut{});
}

void on_finish_graph(Self self, const FinishGraph& message) {
  SupervisorState& state = self->state;
  state.tell_finished(false);
  state.finishing = message.finished;
  if (state.ended || state.draining) return state.tell_finished(false);
  state.starts_anew = true;
  state.tell("drain", "", fmt::format("{}: what is under way goes through", message.why));
  drain_shells(self);
}

void on_drain_timed_out(Self self, const DrainTimedOut&) {
  fail_job(self, fmt::format("the drain took more than {} s; not finished: {}",
                             self->state.parts.drain_timeout_s, self->state.unfinished()));
}

/// A shell tells why before it goes down; this is for one that had no chance to.
void on_down(Self self, const caf::down_msg& message) {
  const detail::Turn turn(self);
  for (const Watched& watched : self->state.shells) {
    if (watched.leaving || watched.parts.shell.address() != message.source) continue;
    fail_job(self, fmt::format("{}: its actor ended unexpectedly", watched.parts.name));
  }
}

void on_abort(Self self, const AbortJob& message) { fail_job(self, message.reason); }

SupervisorActor::behavior_type supervisor(Self self, SupervisorParts parts) {
  const detail::Turn turn(self);
  self->state.parts = std::move(parts);
  self->set_down_handler([self](const caf::down_msg& message) { on_down(self, message); });
  return {detail::in_turn(self, on_change),         detail::in_turn(self, on_input_added),
          detail::in_turn(self, on_output_added),   detail::in_turn(self, on_drop),
          detail::in_turn(self, on_output_dropped), detail::in_turn(self, on_finish_recovery),
          detail::in_turn(self, on_finished),       detail::in_turn(self, on_failed),
          detail::in_turn(self, on_drain),          detail::in_turn(self, on_finish_graph),
          detail::in_turn(self, on_abort),          detail::in_turn(self, on_drain_timed_out)};
}

}  // namespace

SupervisorActor spawn_supervisor(caf::actor_system& system, SupervisorParts parts) {
  return system.spawn(supervisor, std::move(parts));
}

}  // namespace arno::graph

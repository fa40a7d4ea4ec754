// SPDX-License-Identifier: Apache-2.0
// How the actors of a job go on when some of them are gone: either what was lost is placed again,
// or the whole graph starts anew from the last commit.
#include <algorithm>

#include "common/log.h"
#include "graph/assembly.h"
#include "graph/detail/end_actors.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {

bool Assembly::drop_node(const std::string& node) {
  cluster_.forget(node);
  const std::scoped_lock lock(mutex_);
  bool state_lost = false;
  bool unfinished = false;
  for (int id = 0; id < static_cast<int>(layout_.lanes().shells.size()); ++id) {
    const PlannedShell& shell = layout_.shell(id);
    if (!shell.present || shell.node != node || cluster_.has_finished(id)) continue;
    unfinished = true;
    state_lost |= shell.actor.kind->keeps_state;
  }
  const bool others_wait = layout_.has_lost_inputs();
  if (!drop(node, [&](int id) { return layout_.shell(id).node == node; })) return false;
  if (!unfinished && !stopped_) {
    // Nothing is needed in their place, but the ends of their streams may have been lost.
    if (!others_wait) {
      detail::send_in_order(nullptr, supervisor_,
                            *layout_.finish_recovery(layout_.losses(), /*sources_are_new=*/false));
    }
    return others_wait;
  }
  if (state_lost) stop_locked(fmt::format("node {} was lost", node));
  return true;
}

void Assembly::stop_graph(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  stop_locked(why);
}

void Assembly::finish_graph(const std::string& why) {
  auto finished = std::make_shared<std::promise<bool>>();
  std::future<bool> answer = finished->get_future();
  {
    const std::scoped_lock lock(mutex_);
    // What waits for something that was lost would not come to its end.
    if (stopped_ || layout_.has_lost_inputs()) return stop_locked(why);
    detail::send_in_order(nullptr, supervisor_, FinishGraph{why, std::move(finished)});
  }
  bool all = false;
  try {
    all = answer.wait_for(drain_timeout_) == std::future_status::ready && answer.get();
  } catch (const std::future_error&) {
    // The supervisor went without an answer.
  }
  if (all) return stop_all();
  log::warn("job",
            "not all came to its end before the graph starts anew ({}): it goes on from the "
            "newest checkpoint",
            why);
  stop_graph(why);
}

void Assembly::stop_all() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  drop("", [](int) { return true; });
}

void Assembly::stop_graph_of(int shell, const std::string& why) {
  const std::scoped_lock lock(mutex_);
  if (layout_.shell(shell).present) stop_locked(why);
}

void Assembly::stop_locked(const std::string& why) {
  stopped_ = true;
  const auto only_takes_in = [&](int id) {
    const PlannedShell& shell = layout_.shell(id);
    return shell.is_local() && shell.actor.kind->outputs.empty();
  };
  drop("", [&](int id) { return !only_takes_in(id); });
  // After the order to drop them: nobody is to ask what to do about replicas that fail now.
  if (groups_) groups_->abort(why);
}

std::string Assembly::drop_actor_of(int shell) {
  const std::scoped_lock lock(mutex_);
  if (!layout_.shell(shell).present) return "";
  const std::string actor = layout_.shell(shell).actor.name;
  drop("", [&](int id) { return layout_.shell(id).actor.name == actor; });
  return actor;
}

bool Assembly::is_stopped() const {
  const std::scoped_lock lock(mutex_);
  return stopped_;
}

/// Takes shells out of the layout and tells the supervisor. False when nothing is new.
bool Assembly::drop(const std::string& node, const std::function<bool(int)>& is_gone) {
  DropShells message = layout_.drop(node, is_gone);
  for (const int id : message.shells) {
    if (!layout_.shell(id).actor.forms_groups()) ending_.push_back(shells_[id]);
  }
  if (message.shells.empty() && message.lanes.empty()) return false;
  detail::send_in_order(nullptr, supervisor_, std::move(message));
  return true;
}

void Assembly::check_nodes_are_there(const PreparedChange& prepared) const {
  ARNO_CHECK(!stopped_ || prepared.restart, Errc::cancelled, "[job] the graph starts anew");
  const std::set<std::string> lost = cluster_.lost();
  for (const int id : prepared.change.new_shells) {
    const std::string& node = prepared.layout.shells[id].node;
    ARNO_CHECK(!lost.contains(node), Errc::cancelled, "[job] node {} was lost", node);
  }
}

Commit Assembly::take_commit() {
  std::vector<ShellActor> ending;
  std::map<int, std::shared_ptr<Stage>> stages;
  Commit out;
  int below = 0;
  {
    const std::scoped_lock lock(mutex_);
    ending = std::exchange(ending_, {});
    stages = std::exchange(stateful_, {});
    out = commit_;
    below = static_cast<int>(layout_.lanes().shells.size());
  }
  detail::await_end(ending);
  cluster_.clear(below, "the graph starts anew");
  for (const auto& [id, stage] : stages) {
    auto state = stage->committed();
    if (state && (!out.state || state->step > out.step)) out = {state->step, std::move(state)};
  }
  if (!out.state) out = newest_commit(base_.output);
  out.back = true;
  const std::scoped_lock lock(mutex_);
  commit_ = out;
  return out;
}

PreparedChange Assembly::prepare_restart(Plan plan, Commit commit) {
  {
    const std::scoped_lock lock(mutex_);
    // What only takes in goes on, unless the plan has no place for it.
    drop("", [&](int id) {
      return std::ranges::find(plan.actors, layout_.shell(id).actor.name, &PlannedActor::name) ==
             plan.actors.end();
    });
    ++start_;
  }
  base_.from = std::move(commit);
  begin(plan);
  PreparedChange out = prepare(std::move(plan));
  out.restart = true;
  return out;
}

int64_t Assembly::losses() const {
  const std::scoped_lock lock(mutex_);
  return layout_.losses();
}

bool Assembly::finish_recovery(int64_t known, bool sources_are_new) {
  const std::scoped_lock lock(mutex_);
  // Who takes in from the next start goes on until that is there.
  if (stopped_) return false;
  std::optional<FinishRecovery> rest = layout_.finish_recovery(known, sources_are_new);
  if (rest) detail::send_in_order(nullptr, supervisor_, std::move(*rest));
  return rest.has_value();
}

}  // namespace arno::graph

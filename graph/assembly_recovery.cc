// SPDX-License-Identifier: Apache-2.0
// How the actors of a job go on when some of them are gone: either what was lost is placed again,
// or the whole graph starts anew from the last commit.
#include <algorithm>

#include "graph/assembly.h"
#include "graph/detail/end_actors.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {

bool Assembly::drop_node(const std::string& node) {
  cluster_.forget(node);
  const std::scoped_lock lock(mutex_);
  bool any = false;
  bool state_lost = false;
  for (int id = 0; id < static_cast<int>(layout_.shells.size()); ++id) {
    const PlannedShell& shell = layout_.shells[id];
    if (!shell.present || shell.node != node || cluster_.has_finished(id)) continue;
    any = true;
    state_lost |= shell.actor.kind->keeps_state;
  }
  if (!any) return false;
  drop({.node = node}, [&](int id) { return layout_.shells[id].node == node; });
  if (state_lost) stop_locked(fmt::format("node {} was lost", node));
  return true;
}

void Assembly::stop_graph(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  stop_locked(why);
}

void Assembly::stop_graph_of(int shell, const std::string& why) {
  const std::scoped_lock lock(mutex_);
  if (layout_.shells[shell].present) stop_locked(why);
}

void Assembly::stop_locked(const std::string& why) {
  stopped_ = true;
  const auto only_takes_in = [&](int id) {
    const PlannedShell& shell = layout_.shells[id];
    return shell.is_local() && shell.actor.kind->outputs.empty();
  };
  drop({}, [&](int id) { return !only_takes_in(id); });
  // After the order to drop them: nobody is to ask what to do about replicas that fail now.
  if (groups_) groups_->abort(why);
}

bool Assembly::is_stopped() const {
  const std::scoped_lock lock(mutex_);
  return stopped_;
}

/// Takes shells out of the layout and tells the supervisor.
void Assembly::drop(DropShells message, const std::function<bool(int)>& is_gone) {
  for (int id = 0; id < static_cast<int>(layout_.shells.size()); ++id) {
    if (!layout_.shells[id].present || !is_gone(id)) continue;
    message.shells.push_back(id);
    gone_.insert(id);
    ending_.push_back(shells_[id]);
  }
  for (const Lane& lane : layout_.lanes) {
    const bool producer = gone_.contains(lane.producer);
    const bool consumer = gone_.contains(lane.consumer);
    if (!lane.open || (!producer && !consumer)) continue;
    message.lanes.push_back({.lane = lane.id,
                             .other = producer ? lane.consumer : lane.producer,
                             .producer_lost = producer,
                             .consumer_lost = consumer});
    if (!consumer) lost_inputs_.push_back(message.lanes.back());
  }
  forget_gone();
  detail::send_in_order(nullptr, supervisor_, std::move(message));
}

/// Takes what was dropped out of the layout.
void Assembly::forget_gone() {
  for (const int id : gone_) layout_.shells[id].present = false;
  for (Lane& lane : layout_.lanes) {
    if (!layout_.shells[lane.producer].present || !layout_.shells[lane.consumer].present) {
      lane.open = false;
    }
  }
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
    below = static_cast<int>(layout_.shells.size());
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
    drop({}, [&](int id) {
      return std::ranges::find(plan.actors, layout_.shells[id].actor.name, &PlannedActor::name) ==
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

Plan Assembly::without_lost(Plan plan) const {
  for (const std::string& node : cluster_.lost()) {
    for (PlannedActor& actor : plan.actors) std::erase(actor.nodes, node);
    plan.config.nodes.erase(node);
  }
  for (const PlannedActor& actor : plan.actors) plan.config.actors[actor.name].nodes = actor.nodes;
  return plan;
}

void Assembly::finish_recovery(bool sources_are_new) {
  const std::scoped_lock lock(mutex_);
  // Who takes in from the next start goes on until that is there.
  if (stopped_) return;
  FinishRecovery message;
  for (const LostLane& lane : lost_inputs_) {
    if (layout_.shells[lane.other].present) message.ended.push_back(lane);
  }
  lost_inputs_.clear();
  for (size_t id = 0; id < layout_.shells.size() && !sources_are_new; ++id) {
    const PlannedShell& shell = layout_.shells[id];
    if (shell.present && shell.is_source()) message.sources.push_back(static_cast<int>(id));
  }
  detail::send_in_order(nullptr, supervisor_, std::move(message));
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "graph/plan_placement.h"
#include "tests/graph/simulation.h"

// How a graph that lost state goes back to a commit in a simulation.
namespace arno::graph {

void Simulation::break_group_after(int64_t events) {
  plots_.push_back({events, [this] {
                      if (!stopped_ && held_state(kLocalNode)) stop();
                    }});
}

/// Whether a shell has no part in the return: it is here and only takes in.
bool Simulation::stays(int shell) const {
  return node_of(shell) == kLocalNode && layout_.lanes().shells[shell].actor.kind->outputs.empty();
}

/// Whether state is on a node that the job still needs.
bool Simulation::held_state(const std::string& node) const {
  for (int id = 0; id < static_cast<int>(shells_.size()); ++id) {
    const Shell& shell = shells_[id];
    if (node_of(id) != node || shell.forgotten || shell.through) continue;
    if (layout_.lanes().shells[id].actor.kind->keeps_state) return true;
  }
  return false;
}

/// Everything but what only takes in is to end, or `all`. It works on until its end reaches it.
void Simulation::stop(bool all) {
  stopped_ = true;
  drop(layout_.drop("", [&](int id) { return all || !stays(id); }));
}

/// What was stopped is gone now; the first replica of what kept state tells how far it came.
void Simulation::take_commit() {
  for (int id = 0; id < static_cast<int>(shells_.size()); ++id) {
    Shell& shell = shells_[id];
    const PlannedShell& planned = layout_.lanes().shells[id];
    if (!shell.forgotten) continue;
    shell.gone = true;
    if (planned.replica > 0 || !planned.is_local()) continue;
    if (const auto state = shell.stage->committed()) commit_ = std::max(commit_, state->step);
  }
}

void Simulation::start_anew() {
  ++returns_;
  take_commit();
  const bool users = next_start_.has_value();
  Plan plan = users ? std::move(*next_start_) : without_nodes(*layout_.plan(), known_lost_);
  next_start_.reset();
  const auto then = [this, users, losses = layout_.losses()](const std::string& error) {
    if (users) ++(error.empty() ? changed_ : refused_);
    if (error.empty()) {
      losses_known_ = losses;
    } else if (!stopped_) {
      stop(/*all=*/error == kAtEndOfStream);
    }
  };
  if (prepare(std::move(plan), then)) {
    prepared_->restart = true;
  } else if (users) {
    ++refused_;
  }
}

/// What a return may do now; nothing when there is none.
std::optional<std::function<void()>> Simulation::step_of_a_return() {
  if (losses_known_) {
    return [this] {
      const auto rest = layout_.finish_recovery(*losses_known_, /*sources_are_new=*/true);
      // Whatever was lost meanwhile has a recovery of its own.
      if (rest && !stopped_) losses_->finish(*rest);
      losses_known_.reset();
    };
  }
  if (!stopped_ || prepared_ || !change_->is_done()) return std::nullopt;
  return [this] { start_anew(); };
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "graph/plan_placement.h"
#include "tests/graph/simulation.h"

// How nodes are lost in a simulation, and what the job does then.
namespace arno::graph {

void Simulation::lose_after(int64_t events, std::string node, Loss how) {
  plots_.push_back({events, [this, node = std::move(node), how] { lose(node, how); }});
}

void Simulation::cut_link_after(int64_t events, std::string a, std::string b) {
  plots_.push_back({events, [this, a = std::move(a), b = std::move(b)] { cut_link(a, b); }});
}

/// Whether nothing can be placed on a node: it is gone, and the launcher does not know, or it has
/// not left the job yet.
bool Simulation::is_away(const std::string& node) const {
  return std::ranges::any_of(lost_nodes_, [&](const LostNode& lost) {
    return lost.node == node && (!lost.ended || lost.phase == LostNode::unnoticed);
  });
}

/// Of what is under way on the channels a part still arrives.
void Simulation::cut_channels(const std::function<bool(int from, int to)>& is_cut) {
  for (auto& [channel, queue] : channels_) {
    if (channel.first == channel.second || !is_cut(channel.first, channel.second)) continue;
    queue.resize(random_.below(queue.size() + 1));
  }
}

void Simulation::lose(const std::string& node, Loss how) {
  if (is_away(node)) return;
  LostNode lost{.node = node};
  for (int id = 0; id < static_cast<int>(shells_.size()); ++id) {
    if (node_of(id) == node && !shells_[id].gone) lost.shells.push_back(id);
  }
  ++lost_;
  for (const int id : lost.shells) shells_[id].cut_off = true;
  cut_channels([&](int from, int to) {
    return (node_of(from) == node) != (node_of(to) == node) &&
           (node_of(from) == kLocalNode || node_of(to) == kLocalNode);
  });
  lost_nodes_.push_back(std::move(lost));
  if (how == Loss::killed) end(lost_nodes_.back());
}

void Simulation::end(LostNode& lost) {
  lost.ended = true;
  for (const int id : lost.shells) shells_[id].gone = true;
  const auto is_from = [&](int from) {
    return std::ranges::find(lost.shells, from) != lost.shells.end();
  };
  cut_channels([&](int from, int) { return is_from(from); });
}

void Simulation::cut_link(const std::string& a, const std::string& b) {
  cut_links_.insert({{a, b}, {b, a}});
  cut_channels([&](int from, int to) { return cut_links_.contains({node_of(from), node_of(to)}); });
  told_cuts_.emplace_back(a, b);
}

void Simulation::drop(const DropShells& drop) {
  for (const int id : drop.shells) shells_[id].forgotten = true;
  std::erase_if(channels_, [&](const auto& entry) {
    const auto [from, to] = entry.first;
    return from >= 0 && shells_[from].forgotten && node_of(to) == kLocalNode;
  });
  losses_->on_lost(drop);
  change_->on_lost(drop);
}

/// The launcher hears of the loss and forgets the node.
void Simulation::notice(LostNode& lost) {
  lost.phase = LostNode::dropped;
  known_lost_.insert(lost.node);
  const bool state_is_lost = held_state(lost.node);
  drop(layout_.drop(lost.node, [&](int id) { return node_of(id) == lost.node; }));
  if (state_is_lost) stop();
}

/// Others take the place of what was lost.
void Simulation::recover(LostNode& lost) {
  lost.phase = LostNode::changing;
  lost.losses = layout_.losses();
  const auto then = [&lost](const std::string& error) {
    const bool finished = error.empty() || error == kAtEndOfStream;
    lost.phase = finished ? LostNode::changed : LostNode::dropped;
  };
  // When a node that was to take something does not answer, the next try is without it.
  if (!prepare(without_nodes(*layout_.plan(), known_lost_), then)) lost.phase = LostNode::dropped;
}

/// What the job may do now besides taking messages in.
std::vector<std::function<void()>> Simulation::steps_of_the_job() {
  std::vector<std::function<void()>> out;
  if (prepared_) out.emplace_back([this] { apply(); });
  const bool may_change = !prepared_ && change_->is_done() && !stopped_ && !losses_known_;
  if (auto step = step_of_a_return()) out.push_back(std::move(*step));
  for (LostNode& lost : lost_nodes_) {
    if (!lost.ended) out.emplace_back([this, &lost] { end(lost); });
    if (lost.phase == LostNode::unnoticed) out.emplace_back([this, &lost] { notice(lost); });
    if (lost.phase == LostNode::dropped && may_change) {
      out.emplace_back([this, &lost] { recover(lost); });
    }
    if (lost.phase == LostNode::changed) {
      out.emplace_back([this, &lost] {
        const auto rest = layout_.finish_recovery(lost.losses, /*sources_are_new=*/false);
        if (rest) losses_->finish(*rest);
        lost.phase = rest ? LostNode::done : LostNode::dropped;
      });
    }
  }
  if (!told_cuts_.empty()) {
    out.emplace_back([this] {
      const auto [a, b] = told_cuts_.back();
      told_cuts_.pop_back();
      const bool first = b == kLocalNode || (a != kLocalNode && random_.below(2) == 0);
      if (!is_away(a) && !is_away(b)) lose(first ? a : b, Loss::cut);
    });
  }
  return out;
}

}  // namespace arno::graph

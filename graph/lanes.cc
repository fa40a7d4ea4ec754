// SPDX-License-Identifier: Apache-2.0
#include "graph/lanes.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace arno::graph {
namespace {

/// Brings a layout to what a plan wants, and notes what changed.
class Layer {
 public:
  Layer(LaneLayout& layout, const Plan& plan) : layout_(layout), plan_(plan) {}

  LayoutChange run() {
    lay_shells();
    for (const Lane& lane : layout_.lanes) {
      if (lane.open) unclaimed_.emplace(ends_of(lane), lane.id);
    }
    for (const PlannedEdge& edge : plan_.edges) lay_edge(edge);
    close_rest();
    return std::move(change_);
  }

 private:
  void lay_shells() {
    std::vector<char> wanted(layout_.shells.size());
    for (const PlannedActor& actor : plan_.actors) {
      std::vector<int>& replicas = shells_of_.emplace_back();
      for (int64_t replica = 0; replica < actor.replicas; ++replica) {
        const int known = layout_.shell(actor.name, actor.number_of(replica));
        replicas.push_back(known >= 0 ? known : add_shell(actor, replica));
        if (known >= 0) wanted[known] = 1;
      }
    }
    for (size_t id = 0; id < wanted.size(); ++id) {
      if (wanted[id] != 0 || !layout_.shells[id].present) continue;
      layout_.shells[id].present = false;
      change_.leaving_shells.push_back(static_cast<int>(id));
    }
  }

  int add_shell(const PlannedActor& actor, int64_t replica) {
    const int id = static_cast<int>(layout_.shells.size());
    layout_.shells.push_back({.actor = actor,
                              .replica = actor.number_of(replica),
                              .name = actor.name_of(replica),
                              .node = actor.node_of(replica)});
    change_.new_shells.push_back(id);
    return id;
  }

  void lay_edge(const PlannedEdge& edge) {
    const std::vector<int>& producers = shells_of_[edge.from];
    const std::vector<int>& consumers = shells_of_[edge.to];
    const int64_t count = plan_.lanes(edge);
    Lane lane{.edge = number_of(plan_.edge_name(edge)),
              .from_port = edge.from_port,
              .to_port = edge.to_port,
              .capacity_items = std::max<int64_t>(1, edge.capacity_items / count),
              .capacity_bytes = std::max<int64_t>(1, edge.capacity_bytes / count),
              .back = plan_.is_back(edge),
              .lossy = edge.is_lossy()};
    for (int from = 0; from < static_cast<int>(producers.size()); ++from) {
      for (int to = 0; to < static_cast<int>(consumers.size()); ++to) {
        if (!plan_.joins(edge, from, to)) continue;
        lane.producer = producers[from];
        lane.consumer = consumers[to];
        lane.share = plan_.copies(edge) ? to : 0;
        lay_lane(lane);
      }
    }
  }

  int number_of(const std::string& edge) {
    const int known = layout_.edge(edge);
    if (known >= 0) return known;
    layout_.edges.push_back(edge);
    return static_cast<int>(layout_.edges.size()) - 1;
  }

  static std::tuple<int, int, int> ends_of(const Lane& lane) {
    return {lane.edge, lane.producer, lane.consumer};
  }

  void lay_lane(Lane lane) {
    if (const auto found = unclaimed_.find(ends_of(lane)); found != unclaimed_.end()) {
      Lane& known = layout_.lanes[found->second];
      unclaimed_.erase(found);
      if (std::tie(known.capacity_items, known.capacity_bytes) ==
          std::tie(lane.capacity_items, lane.capacity_bytes)) {
        return;
      }
      known.capacity_items = lane.capacity_items;
      known.capacity_bytes = lane.capacity_bytes;
      change_.resized_lanes.push_back(known.id);
      return;
    }
    lane.id = static_cast<int>(layout_.lanes.size());
    layout_.lanes.push_back(lane);
    change_.new_lanes.push_back(lane.id);
  }

  void close_rest() {
    for (const auto& [ends, id] : unclaimed_) {
      layout_.lanes[id].open = false;
      change_.closed_lanes.push_back(id);
    }
  }

  LaneLayout& layout_;
  const Plan& plan_;
  LayoutChange change_;
  std::vector<std::vector<int>> shells_of_;  ///< by actor of the plan
  /// Open lanes that the plan has not been seen to want, by their ends.
  std::map<std::tuple<int, int, int>, int> unclaimed_;
};

}  // namespace

int LaneLayout::edge(const std::string& name) const {
  const auto found = std::ranges::find(edges, name);
  return found == edges.end() ? -1 : static_cast<int>(found - edges.begin());
}

int LaneLayout::shell(const std::string& actor, int64_t replica) const {
  const auto found = std::ranges::find_if(shells, [&](const PlannedShell& shell) {
    return shell.present && shell.actor.name == actor && shell.replica == replica;
  });
  return found == shells.end() ? -1 : static_cast<int>(found - shells.begin());
}

LayoutChange lay_out(LaneLayout& layout, const Plan& plan) { return Layer(layout, plan).run(); }

LaneLayout taken_back(LaneLayout before, const LaneLayout& refused) {
  for (size_t id = before.shells.size(); id < refused.shells.size(); ++id) {
    before.shells.push_back(refused.shells[id]);
    before.shells.back().present = false;
  }
  for (size_t id = before.lanes.size(); id < refused.lanes.size(); ++id) {
    before.lanes.push_back(refused.lanes[id]);
    before.lanes.back().open = false;
  }
  before.edges = refused.edges;
  return before;
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/lanes.h"

#include <algorithm>

namespace arno::graph {
namespace {

/// Shells of each actor, by index of the actor.
std::vector<std::vector<int>> lay_shells(const Plan& plan, LaneLayout& layout) {
  std::vector<std::vector<int>> shells_of(plan.actors.size());
  for (size_t a = 0; a < plan.actors.size(); ++a) {
    const PlannedActor& actor = plan.actors[a];
    for (int64_t r = 0; r < actor.replicas; ++r) {
      shells_of[a].push_back(static_cast<int>(layout.shells.size()));
      layout.shells.push_back(
          {.actor = static_cast<int>(a),
           .replica = r,
           .name = actor.replicas > 1 ? fmt::format("{}[{}]", actor.name, r) : actor.name});
    }
  }
  return shells_of;
}

}  // namespace

LaneLayout lay_lanes(const Plan& plan) {
  LaneLayout layout;
  const std::vector<std::vector<int>> shells_of = lay_shells(plan, layout);
  for (size_t e = 0; e < plan.edges.size(); ++e) {
    const PlannedEdge& edge = plan.edges[e];
    const auto count =
        static_cast<int64_t>(shells_of[edge.from].size() * shells_of[edge.to].size());
    const int64_t items = std::max<int64_t>(1, edge.capacity_items / count);
    const int64_t bytes = std::max<int64_t>(1, edge.capacity_bytes / count);
    for (const int producer : shells_of[edge.from]) {
      for (const int consumer : shells_of[edge.to]) {
        const int lane = static_cast<int>(layout.producers.size());
        layout.producers.push_back(producer);
        layout.consumers.push_back(consumer);
        layout.shells[producer].outputs.push_back(
            {lane, edge.from_port, static_cast<int>(e), items, bytes});
        layout.shells[consumer].inputs.push_back({lane, edge.to_port, items, bytes});
      }
    }
  }
  return layout;
}

}  // namespace arno::graph

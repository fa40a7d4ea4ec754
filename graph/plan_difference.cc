// SPDX-License-Identifier: Apache-2.0
#include "graph/plan_difference.h"

#include <algorithm>

namespace arno::graph {
namespace {

/// What of the actors of `plan` is not in `other`.
void tell_actors(const Plan& plan, const Plan& other, char sign, std::vector<std::string>& out) {
  for (const PlannedActor& actor : plan.actors) {
    const auto same = std::ranges::find(other.actors, actor.name, &PlannedActor::name);
    const int64_t there = same == other.actors.end() ? 0 : same->replicas;
    for (int64_t replica = there; replica < actor.replicas; ++replica) {
      const std::string& node = actor.node_of(replica);
      out.push_back(fmt::format("{} {} ({}){}", sign, actor.name_of(replica), actor.kind->name,
                                node == kLocalNode ? "" : " on node " + node));
    }
  }
}

const PlannedEdge* find_edge(const Plan& plan, const std::string& name) {
  const auto found = std::ranges::find_if(
      plan.edges, [&](const PlannedEdge& edge) { return plan.edge_name(edge) == name; });
  return found == plan.edges.end() ? nullptr : &*found;
}

void tell_edges(const Plan& before, const Plan& after, std::vector<std::string>& out) {
  for (const PlannedEdge& edge : after.edges) {
    const std::string name = after.edge_name(edge);
    const PlannedEdge* const was = find_edge(before, name);
    if (!was) {
      out.push_back(fmt::format("+ {}, {} items{}", name, edge.capacity_items,
                                edge.is_lossy() ? ", " + edge.tap : ""));
    } else if (was->capacity_items != edge.capacity_items ||
               was->capacity_bytes != edge.capacity_bytes) {
      out.push_back(fmt::format("~ {}: {} -> {} items, {} -> {} MiB", name, was->capacity_items,
                                edge.capacity_items, was->capacity_bytes >> 20,
                                edge.capacity_bytes >> 20));
    }
  }
  for (const PlannedEdge& edge : before.edges) {
    const std::string name = before.edge_name(edge);
    if (!find_edge(after, name)) out.push_back("- " + name);
  }
}

}  // namespace

std::vector<std::string> differences(const Plan& before, const Plan& after) {
  std::vector<std::string> out;
  tell_actors(after, before, '+', out);
  tell_actors(before, after, '-', out);
  tell_edges(before, after, out);
  return out;
}

}  // namespace arno::graph

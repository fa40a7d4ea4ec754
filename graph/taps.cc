// SPDX-License-Identifier: Apache-2.0
#include "graph/taps.h"

#include <algorithm>

namespace arno::graph {
namespace {

/// By actor: whether it gets everything that sources send its way.
std::vector<char> actors_without_gaps(const Plan& plan) {
  std::vector<char> reached(plan.actors.size());
  std::function<void(int)> visit = [&](int actor) {
    if (std::exchange(reached[actor], 1) != 0) return;
    for (const PlannedEdge& edge : plan.edges) {
      if (edge.from == actor && !edge.is_lossy()) visit(edge.to);
    }
  };
  for (int a = 0; a < static_cast<int>(plan.actors.size()); ++a) {
    if (plan.actors[a].is_source()) visit(a);
  }
  return reached;
}

}  // namespace

void check_taps(const Plan& plan,
                const std::function<void(size_t edge, std::string text)>& report) {
  const std::vector<char> whole = actors_without_gaps(plan);
  for (size_t e = 0; e < plan.edges.size(); ++e) {
    const PlannedEdge& edge = plan.edges[e];
    const PlannedActor& from = plan.actors[edge.from];
    const PlannedActor& to = plan.actors[edge.to];
    if (edge.is_lossy() && whole[edge.to]) {
      report(e, fmt::format("found {}, expected blocking: {} also gets items that may not be left "
                            "out",
                            edge.tap, to.name));
    } else if (!edge.is_lossy() && !whole[edge.from] && whole[edge.to]) {
      report(e, fmt::format("{} is behind a lossy edge and sends to {}, which may not miss an item",
                            from.name, to.name));
    } else if (edge.tap == "shadow" && !to.kind->outputs.empty()) {
      report(e, fmt::format("found shadow, expected lossy or blocking: {} has outputs", to.name));
    }
  }
}

namespace {

/// Whether an actor has inputs and all their edges are of a kind.
bool all_inputs(const Plan& plan, const std::string& actor,
                bool (*holds)(const PlannedEdge& edge)) {
  bool any = false;
  for (const PlannedEdge& edge : plan.edges) {
    if (plan.actors[edge.to].name != actor) continue;
    if (!holds(edge)) return false;
    any = true;
  }
  return any;
}

}  // namespace

bool Plan::only_looks_on(const std::string& actor) const {
  return all_inputs(*this, actor, [](const PlannedEdge& edge) { return edge.is_lossy(); });
}

bool Plan::is_shadow(const std::string& actor) const {
  return all_inputs(*this, actor, [](const PlannedEdge& edge) { return edge.tap == "shadow"; });
}

}  // namespace arno::graph

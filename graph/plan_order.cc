// SPDX-License-Identifier: Apache-2.0
#include "graph/plan_order.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace arno::graph {
namespace {

std::string cycle_text(const Plan& plan, const std::vector<int>& path, int closing) {
  std::string names;
  for (auto at = std::ranges::find(path, closing); at != path.end(); ++at) {
    names += plan.actors[*at].name + " -> ";
  }
  return fmt::format("found the cycle {}{}, which passes through no back edge", names,
                     plan.actors[closing].name);
}

void apply_order(Plan& plan, const std::vector<int>& order) {
  std::vector<PlannedActor> sorted;
  std::vector<int> place(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<int>(i);
    sorted.push_back(std::move(plan.actors[order[i]]));
  }
  plan.actors = std::move(sorted);
  for (PlannedEdge& edge : plan.edges) {
    edge.from = place[edge.from];
    edge.to = place[edge.to];
  }
}

}  // namespace

void check_reachable(const Plan& plan, const ReportProblem& report) {
  if (plan.actors.empty()) return;
  std::vector<char> reached(plan.actors.size());
  std::function<void(int)> visit = [&](int actor) {
    if (std::exchange(reached[actor], 1) != 0) return;
    for (const PlannedEdge& edge : plan.edges) {
      if (edge.from == actor) visit(edge.to);
    }
  };
  for (int a = 0; a < static_cast<int>(plan.actors.size()); ++a) {
    if (plan.actors[a].is_source()) visit(a);
  }
  if (std::ranges::find(reached, 1) == reached.end()) {
    report("actors", "found no source, expected an actor whose kind needs no input to begin");
    return;
  }
  for (size_t a = 0; a < reached.size(); ++a) {
    if (reached[a] == 0) {
      report("actors." + plan.actors[a].name, "nothing reaches this actor from a source");
    }
  }
}

void sort_actors(Plan& plan, const ReportProblem& report) {
  std::vector<int> state(plan.actors.size());  // 0 new, 1 on the path, 2 done
  std::vector<int> path, order;
  std::function<void(int)> visit = [&](int actor) {
    state[actor] = 1;
    path.push_back(actor);
    for (const PlannedEdge& edge : plan.edges) {
      if (edge.from != actor || plan.is_back(edge)) continue;
      if (state[edge.to] == 1) report("edges", cycle_text(plan, path, edge.to));
      if (state[edge.to] == 0) visit(edge.to);
    }
    path.pop_back();
    state[actor] = 2;
    order.push_back(actor);
  };
  for (int a = 0; a < static_cast<int>(plan.actors.size()); ++a) {
    if (state[a] == 0) visit(a);
  }
  std::ranges::reverse(order);
  apply_order(plan, order);
}

}  // namespace arno::graph

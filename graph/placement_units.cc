// SPDX-License-Identifier: Apache-2.0
#include "graph/placement_units.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace arno::graph {
namespace {

const ActorSpec& spec_of(const Plan& plan, int actor) {
  return plan.config.actors.at(plan.actors[actor].name);
}

bool says_where(const ActorSpec& spec) {
  return !spec.nodes.empty() || !spec.place.empty() || spec.per_node > 0;
}

/// Whether an edge keeps replicas of the same number in one process.
bool binds(const Plan& plan, const PlannedEdge& edge) {
  const PlannedActor& from = plan.actors[edge.from];
  const PlannedActor& to = plan.actors[edge.to];
  return from.replicas == to.replicas &&
         (from.replicas == 1 || to.kind->inputs[edge.to_port].by_replica) &&
         !plan.registry->find_codec(from.kind->outputs[edge.from_port].type);
}

/// The actors in groups that are bound together, each group by name.
std::vector<std::vector<int>> bound_groups(const Plan& plan) {
  std::vector<int> group(plan.actors.size());
  std::iota(group.begin(), group.end(), 0);
  for (const PlannedEdge& edge : plan.edges) {
    if (!binds(plan, edge)) continue;
    const int old = group[edge.from];
    std::ranges::replace(group, old, int{group[edge.to]});
  }
  std::map<int, std::vector<int>> members;
  for (int actor = 0; actor < static_cast<int>(group.size()); ++actor) {
    members[group[actor]].push_back(actor);
  }
  std::vector<std::vector<int>> out;
  for (auto& [first, actors] : members) {
    std::ranges::sort(actors, {}, [&](int actor) { return plan.actors[actor].name; });
    out.push_back(std::move(actors));
  }
  return out;
}

/// The member whose word on nodes counts.
int leader_of(const Plan& plan, const std::vector<int>& members) {
  for (const auto& is_it : {says_where, +[](const ActorSpec& s) { return s.is_placed(); }}) {
    const auto found =
        std::ranges::find_if(members, [&](int actor) { return is_it(spec_of(plan, actor)); });
    if (found != members.end()) return *found;
  }
  return -1;
}

bool is_numbered(const Plan& plan, int actor) {
  return std::ranges::any_of(plan.edges, [&](const PlannedEdge& edge) {
    return (edge.from == actor || edge.to == actor) &&
           plan.actors[edge.to].kind->inputs[edge.to_port].by_replica;
  });
}

PlacementUnit unit_of(const Plan& plan, std::vector<int> members, int leader) {
  const ActorSpec& spec = spec_of(plan, leader);
  const ActorKind& kind = *plan.actors[leader].kind;
  const bool placeable =
      std::ranges::all_of(members, [&](int actor) { return plan.actors[actor].kind->placeable; });
  PlacementUnit out{.members = std::move(members),
                    .request = {.name = plan.actors[leader].name,
                                .replicas = plan.actors[leader].replicas,
                                .nodes = candidate_nodes(spec, placeable, plan.config),
                                .pack = spec.place == "pack",
                                .per_node = spec.per_node}};
  for (const int actor : out.members) {
    const ActorSpec& member = spec_of(plan, actor);
    add(out.request.needs, member.needs);
    if (out.request.at.empty()) out.request.at = member.at;
  }
  out.shrinks = out.members.size() == 1 && !kind.keeps_state && !is_numbered(plan, leader);
  return out;
}

void check_agreement(const Plan& plan, const PlacementUnit& unit, int leader,
                     const ReportProblem& report) {
  const ActorSpec& spec = spec_of(plan, leader);
  for (const int actor : unit.members) {
    const ActorSpec& other = spec_of(plan, actor);
    if (!says_where(other) || (other.nodes == spec.nodes && other.place == spec.place &&
                               other.per_node == spec.per_node)) {
      continue;
    }
    report("actors." + plan.actors[actor].name,
           fmt::format("found other nodes, place or per_node than \"{}\" has, expected the same or "
                       "none: their replicas share a process",
                       unit.request.name));
  }
}

}  // namespace

std::vector<std::string> candidate_nodes(const ActorSpec& spec, bool placeable,
                                         const JobConfig& config) {
  if (!placeable) return {kLocalNode};
  if (!spec.nodes.empty()) return spec.nodes;
  std::vector<std::string> out{kLocalNode};
  for (const auto& [name, node] : config.nodes) {
    if (name != kLocalNode) out.push_back(name);
  }
  return out;
}

std::vector<PlacementUnit> units_of(const Plan& plan, const Placer& placer,
                                    const ReportProblem& report) {
  std::vector<PlacementUnit> out;
  for (std::vector<int>& members : bound_groups(plan)) {
    const bool placed =
        std::ranges::any_of(members, [&](int actor) { return spec_of(plan, actor).is_placed(); });
    if (!placed) continue;
    const int leader = leader_of(plan, members);
    out.push_back(unit_of(plan, std::move(members), leader));
    check_agreement(plan, out.back(), leader, report);
  }
  std::ranges::sort(out, {}, [&](const PlacementUnit& unit) {
    const int64_t total =
        std::accumulate(unit.request.needs.begin(), unit.request.needs.end(), int64_t{0},
                        [](int64_t sum, const auto& need) { return sum + need.second; });
    return std::tuple(unit.shrinks, placer.choices(unit.request), -total, unit.request.name);
  });
  return out;
}

}  // namespace arno::graph

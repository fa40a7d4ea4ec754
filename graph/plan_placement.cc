// SPDX-License-Identifier: Apache-2.0
#include "graph/plan_placement.h"

#include <algorithm>

#include "common/error.h"
#include "graph/placement_units.h"

namespace arno::graph {
namespace {

void apply(Plan& plan, const PlacementUnit& unit, const Placement& placement) {
  for (const int index : unit.members) {
    PlannedActor& actor = plan.actors[index];
    ActorSpec& spec = plan.config.actors[actor.name];
    actor.replicas = spec.replicas = static_cast<int64_t>(placement.at.size());
    actor.nodes = spec.at = placement.at;
    actor.why = placement.why;
  }
}

/// A name that no node has is a misspelt one, if all nodes have said what they have.
void check_names(const Plan& plan, const ReportProblem& report) {
  std::set<std::string> known;
  bool complete = plan.resources.contains(kLocalNode);
  for (const auto& [node, resources] : plan.resources) {
    complete &= resources.complete;
    for (const auto& [name, count] : resources.has) known.insert(name);
  }
  const std::vector<std::string> names(known.begin(), known.end());
  for (const PlannedActor& actor : plan.actors) {
    for (const auto& [name, count] : plan.config.actors.at(actor.name).needs) {
      if (!complete || known.contains(name) || count == 0) continue;
      report(fmt::format("actors.{}.needs.{}", actor.name, name),
             fmt::format("found \"{}\", which no node has{}, expected one of {}", name,
                         did_you_mean(name, names), fmt::join(names, ", ")));
    }
  }
}

/// Leaves replicas that were lost out until there is room for the rest, if it can go on with fewer;
/// those that live stay. Notes in the plan which ones there are.
Placement place_what_fits(Plan& plan, Placer& placer, const PlacementUnit& unit) {
  Placement all = placer.place(unit.request);
  if (all.problem.empty() || !unit.shrinks) return all;
  PlannedActor& actor = plan.actors[unit.members.front()];
  PlacementRequest fewer = unit.request;
  std::vector<int64_t> numbers;
  for (int64_t r = 0; r < fewer.replicas; ++r) numbers.push_back(actor.number_of(r));
  while (fewer.replicas > 1) {
    const auto lost = std::find(fewer.at.rbegin(), fewer.at.rend(), "");
    if (lost == fewer.at.rend()) break;
    const auto which = fewer.at.rend() - lost - 1;
    fewer.at.erase(fewer.at.begin() + which);
    numbers.erase(numbers.begin() + which);
    --fewer.replicas;
    Placement some = placer.place(fewer);
    if (!some.problem.empty()) continue;
    actor.numbers = plan.config.actors[actor.name].numbers = std::move(numbers);
    return some;
  }
  return all;
}

/// Takes a node out of what an actor says. Its replicas there are nowhere now.
void leave_node(const PlannedActor& actor, ActorSpec& spec, const std::set<std::string>& lost) {
  std::vector<std::string> at;
  bool leaves = false;
  for (int64_t replica = 0; replica < actor.replicas; ++replica) {
    const std::string& node = actor.node_of(replica);
    at.push_back(lost.contains(node) ? "" : node);
    leaves |= at.back().empty();
  }
  const auto listed =
      std::erase_if(spec.nodes, [&](const std::string& node) { return lost.contains(node); });
  if (listed > 0 && spec.nodes.empty()) spec.nodes = {kLocalNode};
  if (leaves || listed > 0) spec.at = std::move(at);
}

}  // namespace

int64_t replicas_of(const ActorSpec& spec, const ActorKind& kind, const JobConfig& config) {
  if (spec.replicas > 0) return spec.replicas;
  if (spec.per_node == 0) return 1;
  const std::vector<std::string> nodes = candidate_nodes(spec, kind.placeable, config);
  return spec.per_node * std::ssize(std::set(nodes.begin(), nodes.end()));
}

ClusterResources resources_of(const std::map<std::string, NodeSpec>& nodes,
                              const ClusterResources& known, const ReportProblem& report) {
  ClusterResources out = known;
  std::erase_if(out, [&](const auto& entry) {
    return entry.first != kLocalNode && !nodes.contains(entry.first);
  });
  for (const auto& [node, spec] : nodes) {
    NodeResources& resources = out[node];
    for (const auto& [name, count] : spec.resources) {
      const std::string key = fmt::format("nodes.{}.resources.{}", node, name);
      if (!is_resource_name(name) || count > kMostOfResource) {
        report(key, fmt::format("found {}, expected a name of small letters, digits and _, and at "
                                "most {}",
                                count, kMostOfResource));
      }
      // Of the launcher the file knows better.
      if (resources.complete && node != kLocalNode && count_of(resources.has, name) != count) {
        report(key, fmt::format("found {} in the file, but the node has {}", count,
                                to_text(resources.has)));
        continue;
      }
      resources.has[name] = count;
    }
  }
  return out;
}

void place_replicas(Plan& plan, const ReportProblem& report) {
  check_names(plan, report);
  Placer placer(plan.resources);
  const std::vector<PlacementUnit> units = units_of(plan, placer, report);
  for (const PlacementUnit& unit : units) {
    const std::string problem = placer.take(unit.request);
    if (!problem.empty()) report(fmt::format("actors.{}.at", unit.request.name), problem);
  }
  for (const PlacementUnit& unit : units) {
    Placement placement = placer.place(unit.request);
    if (placement.problem.empty()) {
      apply(plan, unit, placement);
    } else {
      report(fmt::format("actors.{}.{}", unit.request.name,
                         unit.request.needs.empty() ? "per_node" : "needs"),
             std::move(placement.problem));
    }
  }
}

Plan without_nodes(Plan plan, const std::set<std::string>& lost) {
  if (lost.empty()) return plan;
  for (const std::string& node : lost) {
    plan.config.nodes.erase(node);
    plan.resources.erase(node);
  }
  for (const PlannedActor& actor : plan.actors) {
    leave_node(actor, plan.config.actors[actor.name], lost);
  }
  Placer placer(plan.resources);
  const auto ignore = [](const std::string&, const std::string&) {};
  const std::vector<PlacementUnit> units = units_of(plan, placer, ignore);
  for (const PlacementUnit& unit : units) placer.take(unit.request);
  for (const PlacementUnit& unit : units) {
    if (std::ranges::find(unit.request.at, "") == unit.request.at.end()) continue;
    Placement placement = place_what_fits(plan, placer, unit);
    ARNO_CHECK(placement.problem.empty(), Errc::config_invalid, "{}: {}", unit.request.name,
               placement.problem);
    apply(plan, unit, placement);
  }
  return plan;
}

std::vector<std::string> nodes_to_ask(const Plan& plan) {
  std::set<std::string> out;
  const Placer placer(plan.resources);
  for (const PlacementUnit& unit :
       units_of(plan, placer, [](const std::string&, const std::string&) {})) {
    if (unit.request.needs.empty()) continue;
    for (const std::string& node : unit.request.nodes) {
      const auto found = plan.resources.find(node);
      const bool told = found != plan.resources.end() && found->second.complete;
      if (node != kLocalNode && !told) out.insert(node);
    }
  }
  return {out.begin(), out.end()};
}

Resources taken_on(const Plan& plan, const std::string& node) {
  Resources out;
  for (const PlannedActor& actor : plan.actors) {
    const auto spec = plan.config.actors.find(actor.name);
    if (spec == plan.config.actors.end()) continue;
    for (int64_t replica = 0; replica < actor.replicas; ++replica) {
      if (actor.node_of(replica) == node) add(out, spec->second.needs);
    }
  }
  return out;
}

}  // namespace arno::graph

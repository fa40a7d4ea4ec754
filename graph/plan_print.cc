// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "graph/plan.h"
#include "graph/plan_placement.h"

namespace arno::graph {
namespace {

/// Where an actor may run, and does where the planner chose.
std::string placement_yaml(const ActorSpec& spec) {
  std::string out;
  const auto add = [&](const char* key, const auto& value) {
    out += fmt::format("    {}: {}\n", key, value);
  };
  if (!spec.nodes.empty()) add("nodes", fmt::format("[{}]", fmt::join(spec.nodes, ", ")));
  if (!spec.needs.empty()) {
    std::vector<std::string> needs;
    for (const auto& [name, count] : spec.needs)
      needs.push_back(fmt::format("{}: {}", name, count));
    add("needs", fmt::format("{{{}}}", fmt::join(needs, ", ")));
  }
  if (!spec.place.empty()) add("place", spec.place);
  if (spec.per_node > 0) add("per_node", spec.per_node);
  if (!spec.at.empty()) add("at", fmt::format("[{}]", fmt::join(spec.at, ", ")));
  return out;
}

/// "cpu 3 of 4, gpu 0 of 1".
std::string use_of(const Plan& plan, const std::string& node) {
  const Resources taken = taken_on(plan, node);
  const auto found = plan.resources.find(node);
  const NodeResources known = found == plan.resources.end() ? NodeResources{} : found->second;
  Resources all = known.has;
  for (const auto& [name, count] : taken) all.try_emplace(name, -1);
  std::vector<std::string> parts;
  for (const auto& [name, count] : all) {
    parts.push_back(fmt::format("{} {} of {}", name, count_of(taken, name),
                                count < 0 ? "?" : fmt::to_string(count)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Which replicas the planner placed on a node.
std::vector<std::string> placed_on(const Plan& plan, const std::string& node) {
  std::vector<std::string> out;
  for (const PlannedActor& actor : plan.actors) {
    for (size_t replica = 0; replica < actor.why.size(); ++replica) {
      if (actor.nodes[replica] != node) continue;
      out.push_back(actor.name_of(static_cast<int64_t>(replica)));
    }
  }
  return out;
}

std::string placement_comments(const Plan& plan) {
  std::string out;
  for (const PlannedActor& actor : plan.actors) {
    for (size_t replica = 0; replica < actor.why.size(); ++replica) {
      out += fmt::format("#   {} on {}: {}\n", actor.name_of(static_cast<int64_t>(replica)),
                         actor.nodes[replica], actor.why[replica]);
    }
  }
  if (out.empty()) return "";
  out =
      "# Placed by what replicas need, and why there:\n" + out + "# What they take of the nodes:\n";
  for (const std::string& line : placement_by_node(plan)) out += fmt::format("#   {}\n", line);
  return out;
}

/// A text between quotes in Graphviz's language.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::vector<std::string> placement_by_node(const Plan& plan) {
  if (std::ranges::all_of(plan.actors, [](const auto& actor) { return actor.why.empty(); })) {
    return {};
  }
  std::set<std::string> nodes;
  for (const auto& [name, node] : plan.config.nodes) nodes.insert(name);
  nodes.erase(kLocalNode);
  std::vector<std::string> names{kLocalNode};
  names.insert(names.end(), nodes.begin(), nodes.end());
  std::vector<std::string> out;
  for (const std::string& node : names) {
    const std::vector<std::string> placed = placed_on(plan, node);
    out.push_back(
        fmt::format("{}: {}; {}", node, use_of(plan, node),
                    placed.empty() ? "nothing placed" : fmt::to_string(fmt::join(placed, ", "))));
  }
  return out;
}

std::string Plan::to_yaml() const {
  JobConfig head = config;
  head.actors.clear();
  head.edges.clear();
  std::string out = arno::to_yaml(head);
  // The writer leaves "actors: {}" and "edges: []"; both follow here with their options.
  out.resize(out.rfind("actors: {}"));
  out += "actors:\n";
  for (const PlannedActor& actor : actors) {
    out +=
        fmt::format("  {}:\n    kind: {}\n    replicas: {}\n    on_error: {}\n    max_errors: {}\n",
                    actor.name, actor.kind->name, actor.replicas, actor.on_error, actor.max_errors);
    out += placement_yaml(config.actors.at(actor.name));
    const std::string options = actor.options->to_yaml(6);
    out += options.empty() ? "    options: {}\n" : "    options:\n" + options;
  }
  out += "edges:\n";
  for (const PlannedEdge& edge : edges) {
    const PlannedActor& from = actors[edge.from];
    out += fmt::format(
        "  - {{from: {}, to: {}, capacity: {}, capacity_mb: {}{}}}  # {}, {} lane(s){}\n",
        sender(edge), receiver(edge), edge.capacity_items, edge.capacity_bytes >> 20,
        edge.is_lossy() ? ", tap: " + edge.tap : "", from.kind->outputs[edge.from_port].type_name,
        lanes(edge), is_back(edge) ? ", back edge" : "");
  }
  out +=
      fmt::format("# At most {} MiB are under way on all edges together.\n", memory_bound() >> 20);
  return out + placement_comments(*this);
}

std::string Plan::to_dot() const {
  std::string out =
      fmt::format("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", quoted(config.job));
  for (const PlannedActor& actor : actors) {
    out +=
        fmt::format("  \"{}\" [label=\"{}\\n{}{}\"];\n", actor.name, actor.name, actor.kind->name,
                    actor.replicas > 1 ? fmt::format(" x {}", actor.replicas) : "");
  }
  for (const PlannedEdge& edge : edges) {
    const PlannedActor& from = actors[edge.from];
    const PlannedActor& to = actors[edge.to];
    const std::string look = is_back(edge)     ? ", style=dashed, constraint=false"
                             : edge.is_lossy() ? ", style=dotted"
                                               : "";
    out += fmt::format("  \"{}\" -> \"{}\" [label=\"{} ({})\"{}];\n", from.name, to.name,
                       from.kind->outputs[edge.from_port].type_name, edge.capacity_items, look);
  }
  return out + "}\n";
}

}  // namespace arno::graph

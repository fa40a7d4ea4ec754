// SPDX-License-Identifier: Apache-2.0
#include "graph/plan.h"

namespace arno::graph {
namespace {

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
    if (!actor.nodes.empty()) out += fmt::format("    nodes: [{}]\n", fmt::join(actor.nodes, ", "));
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
  return out;
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

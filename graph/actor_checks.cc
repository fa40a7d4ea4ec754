// SPDX-License-Identifier: Apache-2.0
#include "graph/actor_checks.h"

#include <algorithm>

namespace arno::graph {
namespace {

void check_policy(const std::string& key, const ActorSpec& spec, const ActorKind& kind,
                  const ReportProblem& report) {
  if (spec.replicas > 1 && !kind.replicable) {
    report(key + ".replicas", fmt::format("found {}, expected 1: a {} cannot be replicated",
                                          spec.replicas, kind.name));
  }
  if (spec.on_error == "restart" && !kind.restartable) {
    report(key + ".on_error",
           fmt::format("found restart, expected stop: a {} keeps state that would be lost",
                       kind.name));
  }
  if (spec.on_error == "skip" && !kind.skippable) {
    report(key + ".on_error",
           fmt::format("found skip, expected stop{}: a {} cannot account for a skipped item",
                       kind.restartable ? " or restart" : "", kind.name));
  }
}

void check_nodes(const std::string& key, const std::vector<std::string>& nodes,
                 const ActorKind& kind, const JobConfig& config, const ReportProblem& report) {
  std::vector<std::string> known{kLocalNode};
  for (const auto& entry : config.nodes) {
    if (entry.first != kLocalNode) known.push_back(entry.first);
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string& node = nodes[i];
    const std::string where = fmt::format("{}[{}]", key, i);
    if (node.empty() && key.ends_with(".at")) continue;
    if (std::ranges::find(known, node) == known.end()) {
      report(where, fmt::format("found the unknown node \"{}\"{}, expected {}", node,
                                did_you_mean(node, known), one_of(known)));
    } else if (node != kLocalNode && !kind.placeable) {
      report(where, fmt::format("found {}, expected {}: a {} runs where the job is launched", node,
                                kLocalNode, kind.name));
    }
  }
}

void check_needs(const std::string& key, const ActorSpec& spec, const ReportProblem& report) {
  for (const auto& [name, count] : spec.needs) {
    if (is_resource_name(name) && count <= kMostOfResource) continue;
    report(fmt::format("{}.needs.{}", key, name),
           fmt::format("found {}, expected a name of small letters, digits and _, and at most {}",
                       count, kMostOfResource));
  }
  if (std::ssize(spec.at) > spec.replicas) {
    report(key + ".at", fmt::format("found the nodes of {} replicas, expected at most {}",
                                    spec.at.size(), spec.replicas));
  }
}

}  // namespace

void check_actor(const std::string& key, const ActorSpec& spec, const ActorKind& kind,
                 const JobConfig& config, const ReportProblem& report) {
  check_policy(key, spec, kind, report);
  check_nodes(key + ".nodes", spec.nodes, kind, config, report);
  check_nodes(key + ".at", spec.at, kind, config, report);
  check_needs(key, spec, report);
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/edge_checks.h"

namespace arno::graph {
namespace {

// Keeps the checks of a hostile file cheap.
constexpr int64_t kMaxLanes = 1 << 16;

}  // namespace

void check_edge(const Plan& plan, const PlannedEdge& edge, const EdgeSpec& spec,
                const std::string& key, const ReportProblem& report) {
  const PlannedActor& from = plan.actors[edge.from];
  const PlannedActor& to = plan.actors[edge.to];
  const Port& sender = from.kind->outputs[edge.from_port];
  const Port& receiver = to.kind->inputs[edge.to_port];
  if (sender.type != receiver.type) {
    report(key, fmt::format("{} carries {}, {} expects {}", spec.from, sender.type_name, spec.to,
                            receiver.type_name));
  }
  const int64_t lanes = plan.lanes(edge);
  if (receiver.by_replica && from.replicas != 1 && from.replicas != to.replicas) {
    report(key, fmt::format("found {} replicas of \"{}\" and {} of \"{}\", expected as many, or "
                            "one sender",
                            from.replicas, from.name, to.replicas, to.name));
  }
  if (lanes > kMaxLanes) {
    report(key, fmt::format("found {} x {} replicas, expected at most {} pairs", from.replicas,
                            to.replicas, kMaxLanes));
  } else if (spec.capacity < lanes) {
    report(key + ".capacity",
           fmt::format("found {}, expected at least {}: one for each pair of {} senders and {} "
                       "receivers",
                       spec.capacity, lanes, from.replicas, to.replicas));
  }
}

void check_crossing(const Plan& plan, const PlannedEdge& edge, const std::string& key,
                    const ReportProblem& report) {
  const PlannedActor& from = plan.actors[edge.from];
  const PlannedActor& to = plan.actors[edge.to];
  const Port& sender = from.kind->outputs[edge.from_port];
  if (plan.registry->find_codec(sender.type)) return;
  for (int64_t i = 0; i < from.replicas; ++i) {
    for (int64_t j = 0; j < to.replicas; ++j) {
      if (!plan.joins(edge, i, j) || from.node_of(i) == to.node_of(j)) continue;
      report(key, fmt::format("found replica {} of \"{}\" on {} and replica {} of \"{}\" on {}, "
                              "expected one node: a {} stays in its process",
                              i, from.name, from.node_of(i), j, to.name, to.node_of(j),
                              sender.type_name));
      return;
    }
  }
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor/bottleneck.h"

#include <fmt/format.h>

namespace arno::cli {
namespace {

constexpr double kPaused = 0.05;
constexpr double kSaturated = 0.75;
constexpr double kFull = 0.8;  // of an edge's capacity
constexpr double kWaits = 0.3;

int percent(double share) { return static_cast<int>(share * 100 + 0.5); }

/// The fullest edge into an actor, back edges aside; -1 when none is full.
int full_edge_into(const graph::Plan& plan, const JobActivity& activity, int actor) {
  int found = -1;
  double fullest = kFull;
  for (size_t e = 0; e < plan.edges.size(); ++e) {
    const graph::PlannedEdge& edge = plan.edges[e];
    if (edge.to != actor || plan.is_back(edge)) continue;
    const double fill = static_cast<double>(activity.edges[e].status.in_flight_items) /
                        static_cast<double>(edge.capacity_items);
    if (fill < fullest) continue;
    fullest = fill;
    found = static_cast<int>(e);
  }
  return found;
}

std::string describe(const graph::Plan& plan, const JobActivity& activity, int actor, int edge,
                     double busy) {
  const graph::PlannedActor& planned = plan.actors[actor];
  std::string text = fmt::format("{} holds the job back: it is busy {} % of the time", planned.name,
                                 percent(busy));
  if (edge >= 0) {
    const std::string& before = plan.actors[plan.edges[edge].from].name;
    const double blocked = sum_of_replicas(activity, before).shares.blocked;
    if (blocked >= kWaits) {
      text += fmt::format(", and {} waits for it {} %", before, percent(blocked));
    }
  }
  text += ".";
  if (planned.kind->replicable) {
    text += fmt::format(" More than its {} replica{} may help, where a core is free.",
                        planned.replicas, planned.replicas == 1 ? "" : "s");
  }
  return text;
}

}  // namespace

Bottleneck find_bottleneck(const graph::Plan& plan, const JobActivity& activity) {
  if (activity.replicas.empty()) return {.text = "The job starts."};
  int busiest = 0;
  double busy = -1;
  for (size_t a = 0; a < plan.actors.size(); ++a) {
    if (plan.only_looks_on(plan.actors[a].name)) continue;
    const Shares shares = sum_of_replicas(activity, plan.actors[a].name).shares;
    if (shares.paused > kPaused) {
      return {.actor = plan.actors[a].name,
              .text = fmt::format("{} is paused after a fault {} % of the time.",
                                  plan.actors[a].name, percent(shares.paused))};
    }
    if (shares.busy <= busy) continue;
    busy = shares.busy;
    busiest = static_cast<int>(a);
  }
  const std::string& name = plan.actors[busiest].name;
  if (busy < kSaturated) {
    return {.text =
                fmt::format("No actor is at its limit: the busiest, {}, works {} % of the time.",
                            name, percent(busy))};
  }
  const int edge = full_edge_into(plan, activity, busiest);
  return {.actor = name,
          .edge = edge < 0 ? "" : activity.edges[edge].status.name,
          .text = describe(plan, activity, busiest, edge, busy)};
}

}  // namespace arno::cli

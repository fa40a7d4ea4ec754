// SPDX-License-Identifier: Apache-2.0
#include "graph/shell_metrics.h"

namespace arno::graph {
namespace {

std::string edge_name(const Plan& plan, const PlannedEdge& edge) {
  const PlannedActor& from = plan.actors[edge.from];
  const PlannedActor& to = plan.actors[edge.to];
  return fmt::format("{}.{}->{}.{}", from.name, from.kind->outputs[edge.from_port].name, to.name,
                     to.kind->inputs[edge.to_port].name);
}

void add_edges(ShellMetrics& metrics, const Plan& plan, int actor, const std::string& replica) {
  for (size_t e = 0; e < plan.edges.size(); ++e) {
    const PlannedEdge& edge = plan.edges[e];
    if (edge.from != actor) continue;
    monitoring::Labels labels{{"job", plan.config.job}, {"edge", edge_name(plan, edge)}};
    metrics.registry
        ->gauge("arno_edge_capacity_items", "Items an edge may hold: all its credit.", labels)
        .set(static_cast<double>(edge.capacity_items));
    labels["replica"] = replica;
    metrics.in_flight[static_cast<int>(e)] = metrics.registry->gauge(
        "arno_edge_in_flight_items", "Items under way on an edge: credit in use.", labels);
  }
}

void add(monitoring::Counter& counter, int64_t before, int64_t after) {
  if (after != before) counter.add(static_cast<double>(after - before));
}

}  // namespace

ShellMetrics ShellMetrics::create(monitoring::MetricRegistry& registry, const Plan& plan, int actor,
                                  int64_t replica) {
  const PlannedActor& planned = plan.actors[actor];
  ShellMetrics out;
  out.registry = &registry;
  out.labels = {{"job", plan.config.job},
                {"actor", planned.name},
                {"kind", planned.kind->name},
                {"replica", std::to_string(replica)}};
  const auto counter = [&](const char* name, const char* help) {
    return registry.counter(name, help, out.labels);
  };
  out.items = counter("arno_actor_items_total", "Items an actor has handled.");
  out.sent = counter("arno_actor_sent_items_total", "Items an actor has sent.");
  out.bytes = counter("arno_actor_sent_bytes_total", "Bytes an actor has sent.");
  out.skipped = counter("arno_actor_skipped_items_total", "Items left out after an error.");
  out.discarded =
      counter("arno_actor_discarded_items_total", "Items that came on a back edge after the end.");
  out.busy = counter("arno_actor_busy_seconds_total", "Time in which an actor worked.");
  out.starved = counter("arno_actor_starved_seconds_total", "Time an actor waited for input.");
  out.blocked = counter("arno_actor_blocked_seconds_total", "Time an actor waited for credit.");
  out.paused =
      counter("arno_actor_paused_seconds_total", "Time a failed actor waited for the supervisor.");
  out.queued =
      registry.gauge("arno_actor_queued_items", "Items that wait at an actor.", out.labels);
  add_edges(out, plan, actor, out.labels["replica"]);
  return out;
}

void ShellMetrics::publish(const StageDriver& driver) {
  const DriverCounts& now = driver.counts();
  add(items, published.handled, now.handled);
  add(sent, published.sent, now.sent);
  add(bytes, published.sent_bytes, now.sent_bytes);
  add(skipped, published.skipped, now.skipped);
  add(discarded, published.discarded, now.discarded);
  published = now;
  queued.set(static_cast<double>(driver.queued()));
  for (auto& [edge, gauge] : in_flight) gauge.set(static_cast<double>(driver.in_flight(edge)));
}

void ShellMetrics::count_error(Errc cause) {
  auto found = errors.find(cause);
  if (found == errors.end()) {
    monitoring::Labels with_cause = labels;
    with_cause["cause"] = to_string(cause);
    found = errors
                .emplace(cause, registry->counter("arno_actor_errors_total",
                                                  "Errors of an actor by cause.", with_cause))
                .first;
  }
  found->second.add();
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/shell_metrics.h"

namespace arno::graph {
namespace {

using monitoring::MetricDef;
using monitoring::MetricType;

constexpr std::array<std::string_view, 4> kActor{"actor", "kind", "replica"};
constexpr std::array<std::string_view, 4> kEdge{"edge", "replica"};

// In the order of Def.
constexpr MetricDef kDefs[] = {
    {MetricType::counter, "arno_actor_items_total", "Items an actor has handled.", kActor},
    {MetricType::counter, "arno_actor_sent_items_total", "Items an actor has sent.", kActor},
    {MetricType::counter, "arno_actor_sent_bytes_total", "Bytes an actor has sent.", kActor},
    {MetricType::counter, "arno_actor_skipped_items_total", "Items left out after an error.",
     kActor},
    {MetricType::counter, "arno_actor_discarded_items_total",
     "Items that came on a back edge after the end.", kActor},
    {MetricType::counter, "arno_actor_busy_seconds_total",
     "Time an actor worked, or had work and waited for a thread.", kActor},
    {MetricType::counter, "arno_actor_starved_seconds_total", "Time an actor waited for input.",
     kActor},
    {MetricType::counter, "arno_actor_blocked_seconds_total", "Time an actor waited for credit.",
     kActor},
    {MetricType::counter, "arno_actor_paused_seconds_total",
     "Time a failed actor waited for the supervisor.", kActor},
    {MetricType::gauge, "arno_actor_queued_items", "Items that wait at an actor.", kActor},
    {MetricType::counter,
     "arno_actor_errors_total",
     "Errors of an actor by cause.",
     {"actor", "kind", "replica", "cause"}},
    {MetricType::gauge,
     "arno_edge_capacity_items",
     "Items an edge may hold: all its credit.",
     {"edge"}},
    {MetricType::gauge, "arno_edge_in_flight_items", "Items under way on an edge: credit in use.",
     kEdge},
    {MetricType::counter, "arno_edge_items_total", "Items sent on an edge.", kEdge},
    {MetricType::counter, "arno_edge_bytes_total", "Bytes sent on an edge.", kEdge},
    {MetricType::counter, "arno_edge_dropped_items_total",
     "Items that were left out of a lossy edge, as it was full.", kEdge}};
// clang-format off
enum Def {
  kItems, kSent, kSentBytes, kSkipped, kDiscarded, kBusy, kStarved, kBlocked, kPaused, kQueued,
  kErrors, kCapacity, kInFlight, kEdgeItems, kEdgeBytes, kEdgeDropped
};
// clang-format on

/// An actor that is in one call, or waits, for minutes shows it all the time.
void show_times(monitoring::MetricRegistry& registry, std::shared_ptr<ShellTimes> times,
                std::array<monitoring::Counter, kActivities> counters) {
  // What this shell has added: one that left before it may have used the same counters.
  registry.before_collection(
      [times = std::move(times), counters, added = ShellTimes::Seconds{}]() mutable {
        const ShellTimes::Seconds seconds = times->seconds(ShellTimes::Clock::now());
        for (size_t i = 0; i < kActivities; ++i) {
          counters[i].add(std::max(0.0, seconds[i] - added[i]));
          added[i] = seconds[i];
        }
      });
}

void add(monitoring::Counter& counter, int64_t before, int64_t after) {
  if (after != before) counter.add(static_cast<double>(after - before));
}

}  // namespace

ShellMetrics ShellMetrics::create(monitoring::MetricRegistry& registry, const PlannedActor& actor,
                                  int64_t replica) {
  ShellMetrics out;
  out.failures = std::make_shared<std::atomic<int64_t>>(0);
  out.times = std::make_shared<ShellTimes>();
  out.registry = &registry;
  out.labels = {
      {"actor", actor.name}, {"kind", actor.kind->name}, {"replica", std::to_string(replica)}};
  const auto counter = [&](Def def) { return registry.counter(kDefs[def], out.labels); };
  out.items = counter(kItems);
  out.sent = counter(kSent);
  out.bytes = counter(kSentBytes);
  out.skipped = counter(kSkipped);
  out.discarded = counter(kDiscarded);
  show_times(registry, out.times,
             {monitoring::Counter(), counter(kBusy), counter(kStarved), counter(kBlocked),
              counter(kPaused)});
  out.queued = registry.gauge(kDefs[kQueued], out.labels);
  return out;
}

void ShellMetrics::add_edge(int edge, const std::string& name) {
  if (edges.contains(edge)) return;
  const monitoring::Labels with_replica{{"edge", name}, {"replica", labels["replica"]}};
  edges[edge] = {.items = registry->counter(kDefs[kEdgeItems], with_replica),
                 .bytes = registry->counter(kDefs[kEdgeBytes], with_replica),
                 .dropped = registry->counter(kDefs[kEdgeDropped], with_replica),
                 .in_flight = registry->gauge(kDefs[kInFlight], with_replica)};
}

ActorStatus status_of(const ShellMetrics& metrics) {
  const auto count = [](const monitoring::Counter& counter) {
    return static_cast<int64_t>(counter.value());
  };
  const ShellTimes::Seconds seconds = metrics.times->seconds(ShellTimes::Clock::now());
  const auto time = [&](Activity what) { return seconds[static_cast<size_t>(what)]; };
  return {.actor = metrics.labels.at("actor"),
          .kind = metrics.labels.at("kind"),
          .replica = std::stoll(metrics.labels.at("replica")),
          .items = count(metrics.items),
          .sent_items = count(metrics.sent),
          .skipped_items = count(metrics.skipped),
          .errors = *metrics.failures,
          .queued_items = static_cast<int64_t>(metrics.queued.value()),
          .busy_s = time(Activity::busy),
          .starved_s = time(Activity::starved),
          .blocked_s = time(Activity::blocked),
          .paused_s = time(Activity::paused)};
}

void show_capacity(monitoring::MetricRegistry& registry, const std::string& edge, int64_t items) {
  registry.gauge(kDefs[kCapacity], {{"edge", edge}}).set(static_cast<double>(items));
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
  for (auto& [edge, metrics] : edges) {
    const EdgeCounts counts = driver.edge(edge);
    add(metrics.items, metrics.published.items, counts.items);
    add(metrics.bytes, metrics.published.bytes, counts.bytes);
    add(metrics.dropped, metrics.published.dropped, counts.dropped);
    metrics.in_flight.set(static_cast<double>(counts.in_flight));
    metrics.published = counts;
  }
}

void ShellMetrics::count_error(Errc cause) {
  ++*failures;
  auto found = errors.find(cause);
  if (found == errors.end()) {
    monitoring::Labels with_cause = labels;
    with_cause["cause"] = to_string(cause);
    found = errors.emplace(cause, registry->counter(kDefs[kErrors], with_cause)).first;
  }
  found->second.add();
}

std::span<const monitoring::MetricDef> shell_metric_defs() { return kDefs; }

}  // namespace arno::graph

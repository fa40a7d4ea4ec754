// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "graph/job_status.h"
#include "graph/plan.h"
#include "graph/shell_times.h"
#include "graph/stage_driver.h"
#include "monitoring/metrics.h"

namespace arno::graph {

/// Metrics of one replica's end of an edge that it sends on.
struct EdgeMetrics {
  monitoring::Counter items, bytes, dropped;
  monitoring::Gauge in_flight;
  EdgeCounts published;
};

/// Metrics of one replica of an actor.
struct ShellMetrics {
  monitoring::Counter items, sent, bytes, skipped, discarded;
  monitoring::Gauge queued;
  std::map<int, EdgeMetrics> edges;                ///< by edge that the actor sends on
  std::map<Errc, monitoring::Counter> errors;      ///< by cause, each from its first error on
  std::shared_ptr<std::atomic<int64_t>> failures;  ///< of every cause
  std::shared_ptr<ShellTimes> times;               ///< shown at each collection
  monitoring::MetricRegistry* registry = nullptr;
  monitoring::Labels labels;
  DriverCounts published;

  /// `registry` must outlive the metrics.
  static ShellMetrics create(monitoring::MetricRegistry& registry, const PlannedActor& actor,
                             int64_t replica);
  /// Begins to count an edge that the actor sends on; does nothing for one that is counted.
  void add_edge(int edge, const std::string& name);

  /// Adds what a driver did since it was published last, and shows where it stands.
  void publish(const StageDriver& driver);
  void count_error(Errc cause);
};

/// Where a shell stands, by its metrics.
ActorStatus status_of(const ShellMetrics& metrics);

/// Shows how much an edge may hold.
void show_capacity(monitoring::MetricRegistry& registry, const std::string& edge, int64_t items);

/// Declarations of what every actor and edge has, for the reference.
std::span<const monitoring::MetricDef> shell_metric_defs();

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "graph/plan.h"
#include "graph/stage_driver.h"
#include "monitoring/metrics.h"

namespace arno::graph {

/// Metrics of one replica of an actor. Its time from start to end is accounted for without gaps:
/// busy (works, or has work and waits for a thread), starved (no input), blocked (no credit) and
/// paused (failed, awaiting a decision).
struct ShellMetrics {
  monitoring::Counter items, sent, bytes, skipped, discarded;
  monitoring::Counter busy, starved, blocked, paused;  ///< seconds
  monitoring::Gauge queued;
  std::map<int, monitoring::Gauge> in_flight;  ///< by edge
  std::map<Errc, monitoring::Counter> errors;  ///< by cause, each from its first error on
  monitoring::MetricRegistry* registry = nullptr;
  monitoring::Labels labels;
  DriverCounts published;

  /// `registry` must outlive the metrics.
  static ShellMetrics create(monitoring::MetricRegistry& registry, const Plan& plan, int actor,
                             int64_t replica);

  /// Adds what a driver did since it was published last, and shows where it stands.
  void publish(const StageDriver& driver);
  void count_error(Errc cause);
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "graph/plan.h"
#include "graph/stage_driver.h"
#include "monitoring/metrics.h"

namespace arno::graph {

/// Metrics of one replica's end of an edge that it sends on.
struct EdgeMetrics {
  monitoring::Counter items, bytes;
  monitoring::Gauge in_flight;
  EdgeCounts published;
};

/// What a replica has done since when; one word, so that any thread can look. Counters of time are
/// added to only when the replica does something else.
class CurrentState {
 public:
  enum What { none, busy, starved, blocked, paused };
  using Clock = std::chrono::steady_clock;

  void set(What what, Clock::time_point since) {
    word_ = since.time_since_epoch().count() * kKinds + what;
  }
  What what() const { return static_cast<What>(word_ % kKinds); }
  double seconds(Clock::time_point now) const {
    return std::chrono::duration<double>(now.time_since_epoch() - Clock::duration(word_ / kKinds))
        .count();
  }

 private:
  static constexpr int64_t kKinds = 8;
  std::atomic<int64_t> word_ = 0;
};

/// Metrics of one replica of an actor. Its time from start to end is accounted for without gaps:
/// busy (works, or has work and waits for a thread), starved (no input), blocked (no credit) and
/// paused (failed, awaiting a decision).
struct ShellMetrics {
  monitoring::Counter items, sent, bytes, skipped, discarded;
  monitoring::Counter busy, starved, blocked, paused;  ///< seconds
  monitoring::Gauge queued;
  std::map<int, EdgeMetrics> edges;                ///< by edge that the actor sends on
  std::map<Errc, monitoring::Counter> errors;      ///< by cause, each from its first error on
  std::shared_ptr<std::atomic<int64_t>> failures;  ///< of every cause
  std::shared_ptr<CurrentState> current;
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

/// What a job file calls an edge: "from.port->to.port".
std::string edge_name(const Plan& plan, const PlannedEdge& edge);

/// Declarations of what every actor and edge has, for the reference.
std::span<const monitoring::MetricDef> shell_metric_defs();

}  // namespace arno::graph

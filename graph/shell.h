// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "graph/messages.h"
#include "graph/plan.h"
#include "graph/stage_driver.h"

namespace arno::graph {

/// Who is at the other end of each lane. Filled when all shells exist, before any starts.
struct LaneTable {
  std::vector<ShellActor> producers;  ///< by lane
  std::vector<ShellActor> consumers;  ///< by lane
  SupervisorActor supervisor;
};

/// Metrics of one replica of an actor. Its time is accounted for without gaps: busy, starved (no
/// input), blocked (no credit) and paused (failed, awaiting a decision).
struct ShellMetrics {
  monitoring::Counter items, sent, bytes, errors;
  monitoring::Counter busy, starved, blocked, paused;
  monitoring::Gauge queued;
  std::map<int, monitoring::Gauge> in_flight;  ///< by edge

  static ShellMetrics create(monitoring::MetricRegistry& registry, const Plan& plan, int actor,
                             const StageContext& context);
};

/// What one shell is made of.
struct ShellParts {
  int id = 0;
  const Plan* plan = nullptr;  ///< outlives the shell
  int actor = 0;               ///< index in the plan
  StageContext context;
  std::shared_ptr<Stage> stage;
  std::vector<InputLane> inputs;
  std::vector<OutputLane> outputs;
  std::shared_ptr<LaneTable> lanes;
  ShellMetrics metrics;
};

/// The one actor of all kinds: turns messages into calls of a StageDriver and the driver's results
/// into messages. Detached when the kind says so.
ShellActor spawn_shell(caf::actor_system& system, ShellParts parts);

}  // namespace arno::graph

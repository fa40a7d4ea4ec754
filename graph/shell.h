// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "graph/lanes.h"
#include "graph/messages.h"
#include "graph/plan.h"
#include "graph/shell_metrics.h"
#include "graph/shell_trace.h"
#include "graph/stage_driver.h"

namespace arno::graph {

/// Who is at the other end of each lane. Filled when all shells exist, before any starts, and
/// emptied when all have ended.
struct LaneTable {
  std::vector<ShellActor> producers;  ///< by lane
  std::vector<ShellActor> consumers;  ///< by lane
  SupervisorActor supervisor;
};

/// What one shell is made of.
struct ShellParts {
  int id = 0;
  const PlannedActor* actor = nullptr;  ///< outlives the shell
  StageContext context;                 ///< for stages made after a restart
  std::shared_ptr<Stage> stage;
  std::vector<InputLane> inputs;
  std::vector<OutputLane> outputs;
  std::shared_ptr<LaneTable> lanes;
  ShellMetrics metrics;
  std::optional<ShellTrace> trace;  ///< nothing: the job is not traced
};

/// The one actor of all kinds: turns messages into calls of a StageDriver and the driver's results
/// into messages. Detached when the kind says so.
ShellActor spawn_shell(caf::actor_system& system, ShellParts parts);

}  // namespace arno::graph

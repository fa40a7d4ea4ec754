// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <memory>
#include <optional>

#include "graph/messages.h"
#include "graph/plan.h"
#include "graph/shell_metrics.h"
#include "graph/shell_trace.h"
#include "graph/stage_driver.h"

namespace arno::graph {

/// What one shell is made of. Its lanes come by messages.
struct ShellParts {
  int id = 0;
  PlannedActor actor;
  StageContext context;  ///< for stages made after a restart
  std::shared_ptr<Stage> stage;
  SupervisorActor supervisor;
  ShellMetrics metrics;
  std::optional<ShellTrace> trace;  ///< nothing: the job is not traced
};

/// The one actor of all kinds: turns messages into calls of a StageDriver and the driver's results
/// into messages. Detached when the kind says so.
ShellActor spawn_shell(caf::actor_system& system, ShellParts parts);

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "graph/job_result.h"
#include "graph/lanes.h"
#include "graph/shell.h"
#include "graph/supervisor.h"

namespace arno::graph {

/// Stages and metrics of all replicas: what can fail is done before an actor exists.
struct PreparedShells {
  LaneLayout layout;
  JobObserver* observer = nullptr;
  std::vector<StageContext> contexts;          ///< by shell
  std::vector<std::shared_ptr<Stage>> stages;  ///< by shell
  std::vector<ShellMetrics> metrics;           ///< by shell
};

/// Makes every stage of a plan. Throws what their constructors throw. `base.metrics` is set.
PreparedShells prepare_shells(const Plan& plan, const StageContext& base);

/// The actors of a job.
struct Assembly {
  std::shared_ptr<LaneTable> lanes;
  std::shared_ptr<SupervisorParts> supervised;

  const SupervisorActor& supervisor() const { return lanes->supervisor; }
  /// Lets go of all actors. Only when each has ended: they read the tables.
  void clear();
};

/// Spawns a shell for each replica and their supervisor; they wait for Start. `plan` outlives them.
/// `on_end` is called once, from an actor, when the job has ended.
Assembly assemble(caf::actor_system& system, const Plan& plan, PreparedShells prepared,
                  std::function<void(JobResult)> on_end);

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "graph/job_observer.h"
#include "graph/job_result.h"
#include "graph/messages.h"
#include "graph/plan.h"

namespace arno::graph {

/// A shell as its supervisor sees it.
struct SupervisedShell {
  ShellActor shell;
  std::string name;  ///< actor, and replica where there are several
  std::string on_error;
  int64_t max_errors = 0;
};

struct SupervisorParts {
  std::vector<SupervisedShell> shells;  ///< by id
  int64_t drain_timeout_s = 120;
  JobObserver* observer = nullptr;  ///< hears of faults and of the drain
  /// Called once, when the job has ended.
  std::function<void(JobResult)> on_end;
};

/// Starts the shells, applies each actor's policy to its failures, drains, and says when the job
/// has ended.
SupervisorActor spawn_supervisor(caf::actor_system& system, std::shared_ptr<SupervisorParts> parts);

}  // namespace arno::graph

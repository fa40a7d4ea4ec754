// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <functional>
#include <vector>

#include "graph/change_protocol.h"
#include "graph/job_observer.h"
#include "graph/job_result.h"
#include "graph/messages.h"

namespace arno::graph {

/// A shell as its supervisor sees it.
struct SupervisedShell {
  ShellActor shell;
  std::string name;  ///< actor, and replica where there are several
  std::string on_error;
  int64_t max_errors = 0;
  /// When its group breaks, the graph goes back to a commit (SupervisorParts::on_setback).
  bool goes_back = false;
  /// Nobody waits for its end, and when it fails it leaves (SupervisorParts::on_shadow_failed).
  bool shadow = false;
};

/// A change of the running graph. The first one starts it.
struct JobChange {
  GraphChange graph;
  std::vector<SupervisedShell> new_shells;  ///< their numbers follow those that are known
  std::vector<std::string> edges;           ///< names of all edges of the layout
  bool recovery = false;                    ///< of what was lost; made during a drain too
  ChangeProtocol::Done done;                ///< called from the supervisor's thread
  bool restart = false;                     ///< the graph starts anew, also while it drains
};

struct SupervisorParts {
  int64_t drain_timeout_s = 120;
  JobObserver* observer = nullptr;  ///< hears of faults and of the drain
  /// Called once, when the job has ended.
  std::function<void(JobResult)> on_end;
  /// Called when a shell lost the others of its group; it is not asked for again until the graph
  /// has started anew.
  std::function<void(int shell, const std::string& why)> on_setback;
  /// Called when a shadow failed; it waits to be dropped.
  std::function<void(int shell)> on_shadow_failed;
};

/// Starts and changes the graph, applies each actor's policy to its failures, drains, and says when
/// the job has ended.
SupervisorActor spawn_supervisor(caf::actor_system& system, SupervisorParts parts);

}  // namespace arno::graph

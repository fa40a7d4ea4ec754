// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "common/failure_budget.h"
#include "graph/cluster/wire.h"
#include "graph/detail/control_system.h"

namespace arno::graph {

/// How long a node is waited for that has to end something first.
struct JoinLimits {
  /// For an answer. It may see only now that an old connection has ended, and asked again over a
  /// new one; or it is still ending the actors of an earlier job.
  std::chrono::milliseconds answer = 5 * kFailureBudget;
  /// While it says that it works for another job, whose launcher may just be gone.
  std::chrono::milliseconds other_job = kFailureBudget;
};

struct JoinedNode {
  NodeActor actor;
  JoinReply reply;
};

/// Reaches a node at "host:port" and asks it to take part in a job and to report to `launcher`. A
/// node that does not answer in time does not take part, whenever it comes to itself. Throws
/// io_failed when nobody answers there, timeout when the node does not, and what the node throws,
/// with its name.
JoinedNode join_node(detail::ControlSystem& control, const std::string& address,
                     const JoinRequest& request, const LauncherActor& launcher,
                     JoinLimits limits = {});

/// The job goes on without a node.
void let_go(const NodeActor& node, const std::string& job);

}  // namespace arno::graph

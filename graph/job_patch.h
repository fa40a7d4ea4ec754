// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "graph/plan.h"

namespace arno::graph {

/// A step from the plan of a running job to another.
struct PlanStep {
  Plan next;
  /// What changes, a line each: "+ decode[2] (decoder)".
  std::vector<std::string> changes;
  /// Actors whose options were extended, with the new ones. Either these or the graph changes.
  std::vector<std::pair<std::string, std::shared_ptr<const ActorOptions>>> extended;
};

/// What a patch file makes of a running job: new actors with their edges, more or fewer replicas,
/// other capacities, options that a running actor can take. Problems name the lines of the patch;
/// the step is of use only when there are none. `known`: as of make_plan(); of the nodes of the
/// running job what its plan knows.
PlanStep read_patch(const Plan& running, const RawConfig& patch, const Registry& registry,
                    ConfigProblems& problems, const ClusterResources& known = {});

/// The job without an actor and its edges: "tap", without its last replica: "decode[2]", or without
/// a part of its options: "read.clipart".
PlanStep without_actor(const Plan& running, const std::string& actor, const Registry& registry,
                       ConfigProblems& problems);

/// The job with another credit of an edge "from.port->to.port", in items.
PlanStep with_credit(const Plan& running, const std::string& edge, int64_t items,
                     const Registry& registry, ConfigProblems& problems);

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/actor_kind.h"
#include "graph/job_config.h"
#include "graph/plan_problems.h"

namespace arno::graph {

/// Checks what a job says of an actor, its options aside, against what its kind can: replicas,
/// policy, nodes and needs. `key`: "actors.decode".
void check_actor(const std::string& key, const ActorSpec& spec, const ActorKind& kind,
                 const JobConfig& config, const ReportProblem& report);

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "graph/placement.h"
#include "graph/plan.h"
#include "graph/plan_problems.h"

namespace arno::graph {

/// Actors whose replicas of one number run in one process, and what is asked for each number.
struct PlacementUnit {
  std::vector<int> members;  ///< of the plan's actors, by name
  PlacementRequest request;
  bool shrinks = false;  ///< it can go on with fewer replicas
};

/// Where an actor may run.
std::vector<std::string> candidate_nodes(const ActorSpec& spec, bool placeable,
                                         const JobConfig& config);

/// What is to be placed; what has the least choice first, then what needs most. Reports members of
/// a unit that say different things.
std::vector<PlacementUnit> units_of(const Plan& plan, const Placer& placer,
                                    const ReportProblem& report);

}  // namespace arno::graph

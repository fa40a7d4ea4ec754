// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/plan.h"
#include "graph/plan_problems.h"

namespace arno::graph {

/// Checks that an edge carries what its receiver expects, and has room for all replicas. `key` is
/// where it stands in the file, as below.
void check_edge(const Plan& plan, const PlannedEdge& edge, const EdgeSpec& spec,
                const std::string& key, const ReportProblem& report);

/// Checks that what has no codec stays in its process.
void check_crossing(const Plan& plan, const PlannedEdge& edge, const std::string& key,
                    const ReportProblem& report);

}  // namespace arno::graph

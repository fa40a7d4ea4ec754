// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/plan.h"
#include "graph/plan_problems.h"

namespace arno::graph {

/// Reports a plan without a source, and actors that nothing reaches from one.
void check_reachable(const Plan& plan, const ReportProblem& report);

/// Puts producers before their consumers, back edges aside. Reports cycles without one.
void sort_actors(Plan& plan, const ReportProblem& report);

}  // namespace arno::graph

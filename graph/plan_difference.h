// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "graph/plan.h"

namespace arno::graph {

/// What of the actors and edges of a job a step to another plan changes, a line each:
/// "+ decode[2] (decoder)", "- read.samples->decode.samples", "~ a.b->c.d: 8 -> 16 items, ...".
std::vector<std::string> differences(const Plan& before, const Plan& after);

}  // namespace arno::graph

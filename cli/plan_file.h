// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/plan.h"

namespace arno::cli {

enum class AskNodes { no, yes };

/// The plan of a job file that is launched here. Throws config_invalid with everything that is
/// wrong. `ask`: whether nodes are asked what they have, where the placement depends on it; throws
/// as graph::ask_nodes() then. Otherwise they have enough of what the file does not say.
graph::Plan plan_file(const std::string& file, const graph::Registry& registry, AskNodes ask);

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "graph/plan.h"

namespace arno::graph {

/// Checks that lossy and shadow edges lead to side branches alone: nothing that training needs may
/// miss an item. `report` gets the number of an edge in the plan and what is wrong with it.
void check_taps(const Plan& plan, const std::function<void(size_t edge, std::string text)>& report);

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/monitor/activity.h"
#include "graph/plan.h"

namespace arno::cli {

/// What holds a job back.
struct Bottleneck {
  std::string actor;  ///< empty: none
  std::string edge;   ///< a full edge into it, "from.port->to.port"; empty: none
  std::string text;   ///< a sentence or two for people
};

/// The busiest actor holds a pipeline back: those before it wait for credit, those after it for
/// input. An actor that is paused after a fault comes before all.
Bottleneck find_bottleneck(const graph::Plan& plan, const JobActivity& activity);

}  // namespace arno::cli

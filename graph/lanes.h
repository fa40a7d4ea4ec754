// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/plan.h"

namespace arno::graph {

/// A lane that leaves an output port: it joins one producer replica to one consumer replica. Lanes
/// of one edge share its items, each item takes one of them; every edge of a port gets every item.
struct OutputLane {
  int lane = 0;
  int port = 0;
  int edge = 0;
  int64_t capacity_items = 1;
  int64_t capacity_bytes = 1;
};

/// The same lane where it arrives.
struct InputLane {
  int lane = 0;
  int port = 0;
  int64_t capacity_items = 1;
  int64_t capacity_bytes = 1;
};

/// One replica of a planned actor.
struct PlannedShell {
  int actor = 0;  ///< index in the plan
  int64_t replica = 0;
  std::string name;  ///< "decode", or "decode[2]" where there are several
  std::vector<InputLane> inputs;
  std::vector<OutputLane> outputs;
};

/// All replicas of a plan and the lanes between them.
struct LaneLayout {
  std::vector<PlannedShell> shells;
  std::vector<int> producers;  ///< shell, by lane
  std::vector<int> consumers;  ///< shell, by lane
};

/// Lays a lane from each producer replica to each consumer replica of every edge and shares the
/// edge's capacity out over them.
LaneLayout lay_lanes(const Plan& plan);

}  // namespace arno::graph

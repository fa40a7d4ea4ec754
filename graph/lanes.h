// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/plan.h"

namespace arno::graph {

/// A lane where it leaves an output port. Lanes of one edge share its items, each item takes one of
/// them, unless the edge copies (Plan::copies): then each takes all. Every edge of a port gets
/// every item.
struct OutputLane {
  int lane = 0;
  int port = 0;
  int edge = 0;
  int share = 0;  ///< lanes of an edge that have the same one share its items
  int64_t capacity_items = 1;
  int64_t capacity_bytes = 1;
  bool lossy = false;  ///< without credit an item is left out, and nothing waits
};

/// The same lane where it arrives.
struct InputLane {
  int lane = 0;
  int port = 0;
  int64_t capacity_items = 1;
  int64_t capacity_bytes = 1;
};

/// Joins one producer replica to one consumer replica.
struct Lane {
  int id = 0;
  int producer = 0;  ///< shell
  int consumer = 0;  ///< shell
  int edge = 0;      ///< number in the layout
  int share = 0;     ///< lanes of an edge that have the same one share its items
  int from_port = 0;
  int to_port = 0;
  int64_t capacity_items = 1;
  int64_t capacity_bytes = 1;
  bool back = false;   ///< ends at an input that closes a cycle
  bool lossy = false;  ///< see OutputLane
  bool open = true;    ///< the plan has it

  OutputLane output() const {
    return {id, from_port, edge, share, capacity_items, capacity_bytes, lossy};
  }
  InputLane input() const { return {id, to_port, capacity_items, capacity_bytes}; }
};

/// One replica of a planned actor.
struct PlannedShell {
  PlannedActor actor;
  int64_t replica = 0;  ///< its number
  std::string name;     ///< "decode", or "decode[2]" where there are several
  std::string node;     ///< where it runs
  bool present = true;  ///< the plan has it

  bool is_local() const { return node == kLocalNode; }
  /// Whether it begins by itself, with no forward input.
  bool is_source() const { return actor.is_source(); }
};

/// All replicas of a job and the lanes between them. Numbers are given once: what leaves the job
/// stays in the layout, as not present.
struct LaneLayout {
  std::vector<PlannedShell> shells;  ///< by number
  std::vector<Lane> lanes;           ///< by number
  std::vector<std::string> edges;    ///< names, by number

  /// The number of an edge; -1 when it is not known.
  int edge(const std::string& name) const;
  /// The replica of an actor that is present; -1 when there is none.
  int shell(const std::string& actor, int64_t replica) const;
};

/// What a plan changed in a layout, by numbers.
struct LayoutChange {
  std::vector<int> new_shells;
  std::vector<int> leaving_shells;
  std::vector<int> new_lanes;
  std::vector<int> resized_lanes;
  std::vector<int> closed_lanes;
};

/// Lays a plan out: a lane between each producer replica and each consumer replica that an edge
/// joins, the edge's capacity shared out over them. What the layout has already stays as it is.
LayoutChange lay_out(LaneLayout& layout, const Plan& plan);

/// The layout from before a change that was refused. Numbers that were given stay given.
LaneLayout taken_back(LaneLayout before, const LaneLayout& refused);

}  // namespace arno::graph

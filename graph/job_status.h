// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/resources.h"

namespace arno::graph {

struct Plan;

/// What one replica of an actor has done. The four times add up to all of its time from start to
/// its last event.
struct ActorStatus {
  std::string actor;
  std::string kind;
  int64_t replica = 0;
  std::string node = "local";  ///< where it runs
  int64_t items = 0;           ///< handled
  int64_t sent_items = 0;      ///< each once, however many edges it took
  int64_t skipped_items = 0;
  int64_t errors = 0;
  int64_t queued_items = 0;
  double busy_s = 0;
  double starved_s = 0;  ///< waited for input
  double blocked_s = 0;  ///< waited for credit
  double paused_s = 0;   ///< failed, awaiting the supervisor
};

/// What an edge has carried, over all replicas of its producer.
struct EdgeStatus {
  std::string name;  ///< "from.port->to.port"
  int64_t items = 0;
  int64_t in_flight_items = 0;
  int64_t dropped_items = 0;  ///< left out, as the edge was full
};

/// A node of a job, the launcher's too.
struct NodeStatus {
  std::string name;
  std::string address;     ///< "host:port" where it waits for jobs; the launcher's has none
  std::string monitoring;  ///< "host:port" of its metrics; empty: none, or those of the job
  Resources has;
  Resources taken{};    ///< by the actors that say what they need
  double heard_at = 0;  ///< when it told of itself last, seconds since 1970
  double lost_at = 0;   ///< when it was lost, likewise; 0: it is there
  std::string why_lost{};
};

/// Where a job stands.
struct JobStatus {
  std::shared_ptr<const Plan> plan;  ///< of the graph as it is; null before the start
  std::vector<NodeStatus> nodes;     ///< the launcher's first
  std::vector<ActorStatus> actors;   ///< all replicas, in the plan's order
  std::vector<EdgeStatus> edges;     ///< in the plan's order
};

}  // namespace arno::graph

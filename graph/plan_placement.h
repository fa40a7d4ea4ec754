// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "graph/plan.h"
#include "graph/plan_problems.h"

// Where the replicas of a plan run, for actors that leave it to the planner (ActorSpec::is_placed).
// Actors that are joined one to one by messages which stay in their process are placed together.
namespace arno::graph {

/// How many replicas an actor gets: as many as it says, or as follows from per_node.
int64_t replicas_of(const ActorSpec& spec, const ActorKind& kind, const JobConfig& config);

/// What nodes have: what they have said (`known`), the file where it says so, and else nothing that
/// is certain. `report` is told of each key at which they differ.
ClusterResources resources_of(const std::map<std::string, NodeSpec>& nodes,
                              const ClusterResources& known, const ReportProblem& report);

/// Decides where replicas run. Those that have a place (ActorSpec::at) stay there.
void place_replicas(Plan& plan, const ReportProblem& report);

/// `plan`, with the replicas that it has on lost nodes placed on those that are left. Where there
/// is no room for all, an actor that can go on with fewer replicas does. Throws config_invalid when
/// there is no room for what has to be.
Plan without_nodes(Plan plan, const std::set<std::string>& lost);

/// Nodes whose resources matter to the placement and have not been told by them.
std::vector<std::string> nodes_to_ask(const Plan& plan);
/// A line for each node, with what is taken of it and what the planner placed there; none when it
/// placed nothing.
std::vector<std::string> placement_by_node(const Plan& plan);
/// What the replicas on a node take.
Resources taken_on(const Plan& plan, const std::string& node);

}  // namespace arno::graph

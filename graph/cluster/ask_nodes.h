// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/cluster/wire.h"
#include "graph/plan.h"

namespace arno::graph {

/// Asks the nodes whose resources matter to the placement of a plan what they have, and adds that
/// to `known`. They do not join the job by it. False when nobody had to be asked. Throws io_failed
/// for a node that nobody answers for, and what the node throws, with its name.
bool ask_nodes(const Plan& plan, ClusterResources& known);

/// Waits until the nodes that hold a state of the training have done with an earlier launcher that
/// is gone: what they save then is there. Those that do not answer are not waited for, nor
/// those that are still at work when a launcher that is gone would have been noticed.
void await_nodes(const Plan& plan);

/// What a node says it has. Throws data_corrupt for what no node can have, and config_invalid when
/// a plan was made for something else, with the name of the node.
NodeResources said_by(const std::string& node, const JoinReply& reply, const Plan& plan);

/// Does something with a node; an Error gets the node's name.
template <class Work>
auto about_node(const std::string& node, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    fail(error.code(), "node {}: {}", node, error.what());
  }
}

}  // namespace arno::graph

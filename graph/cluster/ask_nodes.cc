// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/ask_nodes.h"

#include <set>
#include <thread>

#include "common/failure_budget.h"
#include "common/log.h"
#include "common/version.h"
#include "graph/detail/control_system.h"
#include "graph/plan_placement.h"

namespace arno::graph {
namespace {

constexpr std::chrono::milliseconds kPatience = 5 * kFailureBudget;
constexpr std::chrono::seconds kPatienceWithSaving{60};

/// Asks a node what it has, when it is done with what it does.
JoinReply describe(detail::ControlSystem& control, const Plan& plan, const std::string& node,
                   std::chrono::milliseconds patience) {
  const auto actor = control.reach<NodeActor>(plan.config.nodes.at(node).address);
  return from_wire<JoinReply>(detail::ask(control.system(), actor, patience, Errc::timeout,
                                          std::string(kDescribe),
                                          to_wire(JoinRequest{version(), plan.config.job, node})));
}

}  // namespace

NodeResources said_by(const std::string& node, const JoinReply& reply, const Plan& plan) {
  for (const auto& [name, count] : reply.resources) {
    ARNO_CHECK(is_resource_name(name) && count >= 0 && count <= kMostOfResource, Errc::data_corrupt,
               "node {}: told of a resource that there cannot be", node);
  }
  const auto planned = plan.resources.find(node);
  if (planned == plan.resources.end()) return {reply.resources, true};
  for (const auto& [name, count] : planned->second.has) {
    ARNO_CHECK(count_of(reply.resources, name) == count, Errc::config_invalid,
               "node {}: found {}, but the job is planned for {}={} there", node,
               to_text(reply.resources), name, count);
  }
  return {reply.resources, true};
}

bool ask_nodes(const Plan& plan, ClusterResources& known) {
  const std::vector<std::string> nodes = nodes_to_ask(plan);
  if (nodes.empty()) return false;
  detail::ControlSystem control(plan.config.control.key);
  for (const std::string& node : nodes) {
    const JoinReply reply =
        about_node(node, [&] { return describe(control, plan, node, kPatience); });
    known[node] = said_by(node, reply, plan);
  }
  return true;
}

void await_nodes(const Plan& plan) {
  std::set<std::string> nodes;
  for (const PlannedActor& actor : plan.actors) {
    if (!actor.kind->keeps_state || !actor.leaves_launcher()) continue;
    nodes.insert(actor.nodes.begin(), actor.nodes.end());
  }
  nodes.erase(kLocalNode);
  if (nodes.empty()) return;
  detail::ControlSystem control(plan.config.control.key);
  const auto noticed = std::chrono::steady_clock::now() + kFailureBudget;
  for (const std::string& node : nodes) {
    try {
      while (describe(control, plan, node, kPatienceWithSaving).is_busy &&
             std::chrono::steady_clock::now() < noticed) {
        std::this_thread::sleep_for(kHeartbeat);
      }
    } catch (const Error& error) {
      log::debug("cluster", "node {} was not waited for: {}", node, error.what());
    }
  }
}

}  // namespace arno::graph

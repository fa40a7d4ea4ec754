// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/ask_nodes.h"

#include "common/version.h"
#include "graph/detail/control_system.h"
#include "graph/plan_placement.h"

namespace arno::graph {
namespace {

constexpr std::chrono::seconds kPatience{10};

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
    const std::string request = to_wire(JoinRequest{version(), plan.config.job, node});
    const std::string reply = about_node(node, [&] {
      const auto actor = control.reach<NodeActor>(plan.config.nodes.at(node).address);
      return detail::ask(control.system(), actor, kPatience, Errc::timeout, std::string(kDescribe),
                         request);
    });
    known[node] = said_by(node, from_wire<JoinReply>(reply), plan);
  }
  return true;
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace arno::graph {

/// What a node has, or a replica needs, in whole units by name: {cpu: 4, gpu: 1}. A job counts
/// them; it does not keep an actor from using more.
using Resources = std::map<std::string, int64_t>;

/// The most of one resource.
inline constexpr int64_t kMostOfResource = 1'000'000'000;

/// [a-z][a-z0-9_]*
bool is_resource_name(const std::string& text);

/// "cpu=4, gpu=1"; "nothing" when there are none.
std::string to_text(const Resources& resources);
/// Reads "cpu=4,gpu=1". Throws config_invalid, with what was found and expected.
Resources parse_resources(const std::string& text);

void add(Resources& sum, const Resources& more);
/// How much there is of a resource; 0 where it is not named.
int64_t count_of(const Resources& resources, const std::string& name);

/// What this machine has: `cpu`, the threads that this process may run at once, and `gpu`, those of
/// NVIDIA that its driver shows.
Resources resources_of_machine();

/// The resources of a node as far as they are known.
struct NodeResources {
  Resources has;
  /// Whether the node has nothing else; otherwise there may be enough of what is not named.
  bool complete = false;
};
/// By node.
using ClusterResources = std::map<std::string, NodeResources>;

}  // namespace arno::graph

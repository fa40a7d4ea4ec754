// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/resources.h"

namespace arno::graph {

/// Replicas that have to be placed on nodes. Knows nothing of jobs.
struct PlacementRequest {
  std::string name;  ///< of the actor, for reasons and errors
  int64_t replicas = 1;
  std::vector<std::string> nodes;  ///< that they may run on; one named twice gets twice the share
  Resources needs{};               ///< of each replica
  bool pack = false;               ///< fill a node before the next one; else spread
  int64_t per_node = 0;            ///< most replicas on one node; 0: any number
  /// Where replicas are already, by number; "", or beyond the end: to be placed.
  std::vector<std::string> at{};

  /// Where a replica is; "": nowhere yet.
  const std::string& place_of(int64_t replica) const;
};

/// Where replicas run, by number.
struct Placement {
  std::vector<std::string> at;
  std::vector<std::string> why;  ///< in words
  std::string problem;           ///< why there is no room for one of them; "": all are placed
};

/// Shares the nodes of a job out to replicas. The same nodes and requests in the same order give
/// the same placement, and no node is given more than it has.
///
/// Of the nodes that have room, spread takes the one with the fewest of the actor's replicas and
/// pack the first one; among equals the order of the request decides.
class Placer {
 public:
  explicit Placer(ClusterResources nodes) : nodes_(std::move(nodes)) {}

  /// Replicas that are somewhere already take what they need there. Returns what is wrong when a
  /// node has not that much; "" when it has.
  std::string take(const PlacementRequest& request);
  /// Places those that are nowhere yet; what all requests keep was taken before. Takes nothing when
  /// there is a problem.
  Placement place(const PlacementRequest& request);
  /// On how many nodes of the request one replica has room while they are empty.
  int64_t choices(const PlacementRequest& request) const;

 private:
  /// What is left of a resource; nothing: nobody knows how much there is.
  std::optional<int64_t> left(const std::string& node, const std::string& resource) const;
  bool has_room(const std::string& node, const Resources& needs) const;
  std::string describe(const std::string& node, const Resources& needs) const;

  ClusterResources nodes_;                  ///< what they have
  std::map<std::string, Resources> taken_;  ///< by node
};

}  // namespace arno::graph

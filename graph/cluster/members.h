// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/cluster/wire.h"

namespace arno::graph {

/// The nodes of a job, as its launcher knows them: those that are there, and those that were lost.
/// Thread-safe.
class Members {
 public:
  /// A node takes part, perhaps again.
  void add(const std::string& node, NodeActor actor, std::string payload, NodeStatus status);
  /// A node is lost. Returns its actor; nothing when it is lost already or was never there.
  std::optional<NodeActor> lose(const std::string& node, const std::string& why);
  /// A node has told of itself.
  void heard_of(const std::string& node);
  void clear();

  bool has(const std::string& node) const;
  /// The node that is there by this actor; "" when none is.
  std::string name_of(const caf::actor_addr& actor) const;
  /// Of a node that is there or was. Throws std::out_of_range for any other.
  NodeActor actor_of(const std::string& node) const;
  /// The nodes that are there.
  std::vector<std::pair<std::string, NodeActor>> present() const;
  /// Where items reach them.
  std::vector<NodeAddress> addresses() const;
  /// The nodes that were lost and have not come back.
  std::set<std::string> lost() const;
  /// All nodes.
  std::vector<NodeStatus> statuses() const;

 private:
  struct Member {
    NodeActor actor;
    std::string payload;
    NodeStatus status;
    bool lost = false;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Member> members_;  ///< by name
};

}  // namespace arno::graph

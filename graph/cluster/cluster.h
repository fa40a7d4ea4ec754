// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/cluster/replica_groups.h"
#include "graph/cluster/wire.h"
#include "graph/messages.h"
#include "graph/plan.h"

namespace arno::graph {

/// The other nodes of a job, as its launcher sees them. Costs nothing before the first plan that
/// uses one. Thread-safe.
class Cluster {
 public:
  /// `on_lost` is told, from a thread of the cluster, once of each node that is lost, with why.
  Cluster(SupervisorActor supervisor, JobObserver* observer,
          std::function<void(const std::string& node, const std::string& why)> on_lost);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// A start of the graph begins: the groups of its replicas, whose keys go to the other nodes.
  /// `local`: see ReplicaGroups.
  std::shared_ptr<ReplicaGroups> begin(const Plan& plan, int64_t start,
                                       std::shared_ptr<ops::GroupMaker> local);
  /// Reaches the nodes on which `shells` run and has them make their stages. Throws io_failed for a
  /// node that nobody answers for, and what the node throws, with its name. `first_step`: steps
  /// that were done before this start.
  void place(const Plan& plan, const std::vector<PlacedShell>& shells, int64_t first_step);
  /// Reaches the nodes of a plan and has them check it. Throws as place().
  void check(const Plan& plan);
  /// Ends the groups and the shells with lower numbers on all nodes, and waits for that. A node
  /// that does not answer is lost.
  void clear(int below, const std::string& why);
  /// Nodes that were lost and have not come back.
  std::set<std::string> lost() const;
  /// The stand-in of a shell on another node.
  ShellActor spawn(caf::actor_system& system, int number, const std::string& node);
  // Who is at this end of lanes that come from other nodes or lead there.
  void add_consumer(int lane, ShellActor shell);
  void add_producer(int lane, ShellActor shell);
  /// Takes nothing from a node any more.
  void forget(const std::string& node);
  /// Whether a shell on another node has ended its streams.
  bool has_finished(int shell) const;
  /// What a shell on another node has told of itself; nothing before it has.
  std::optional<ShellCounts> counts(int shell) const;
  /// The nodes that are part of the job, or were; what their actors take is left open.
  std::vector<NodeStatus> nodes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::graph

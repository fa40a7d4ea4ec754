// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "graph/cluster/control_store.h"
#include "ops/comm/group_maker.h"

namespace arno::graph {

/// The groups of replicas that have members in this process, from one start of the graph to the
/// next: each start has groups of its own names. Thread-safe.
class ReplicaGroups {
 public:
  /// `start`: number of the start, the same in all processes. `payload`: "tcp://host:port" of this
  /// process, whose interface members on other nodes are met on. `key`: folder of the job key; ""
  /// for none. `local`: forms groups that are all here; null: local_groups().
  ReplicaGroups(int64_t start, std::string payload, const std::string& key, ControlStore::Tell tell,
                std::shared_ptr<ops::GroupMaker> local = nullptr);
  ~ReplicaGroups() { abort("its process ends them"); }
  ReplicaGroups(const ReplicaGroups&) = delete;
  ReplicaGroups& operator=(const ReplicaGroups&) = delete;

  /// For groups whose members are all in this process.
  std::shared_ptr<ops::GroupMaker> local() const { return local_; }
  /// For groups with members in several processes: over TLS with a job key, else over Gloo. Without
  /// a key joining one beyond this machine throws config_invalid unless CommOptions::plain_network
  /// is set.
  std::shared_ptr<ops::GroupMaker> between_nodes() const { return between_nodes_; }
  /// Another process has put this into the store of its groups.
  void learn(const std::string& key, const std::string& value) { store_->learn(key, value); }
  /// Ends all groups, also those that are being formed. Does not wait.
  void abort(const std::string& reason) noexcept;

 private:
  std::shared_ptr<ControlStore> store_;
  std::shared_ptr<ops::AbortableGroups> local_;
  std::shared_ptr<ops::AbortableGroups> between_nodes_;
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graph/cluster/lane_router.h"
#include "graph/cluster/node_host.h"
#include "graph/cluster/replica_groups.h"
#include "graph/cluster/wire.h"
#include "graph/detail/pool_config.h"
#include "graph/shell.h"

namespace arno::graph::detail {

/// The part of one job that runs on a node. Not thread-safe, but for `report`, which actors call.
class HostedJob {
 public:
  /// `registry` and `metrics` outlive the job. Throws io_failed when items cannot come in.
  HostedJob(const NodeOptions& options, const Registry& registry,
            monitoring::MetricRegistry& metrics, const JoinRequest& request,
            std::function<void(NodeReport)> report);
  ~HostedJob();
  HostedJob(const HostedJob&) = delete;
  HostedJob& operator=(const HostedJob&) = delete;

  const std::string& job() const { return job_; }
  const std::string& payload_address() const { return router_->address(); }

  /// Throws what keeps it from being run here.
  Plan checked(const std::string& plan_yaml) const;
  /// Makes the stages that are to run here. Throws what they throw.
  void place(const PlaceRequest& request);
  void obey(int shell, const ShellOrder& order);
  /// Another process has put this into the store of the groups.
  void learn(const std::string& key, const std::string& value);
  void break_groups(const std::string& why);
  /// Ends the shells with lower numbers, and waits for that.
  void clear(const ClearRequest& request);
  /// What the shells count.
  NodeReport counts() const;

  /// The launcher is gone: ends all actors and, where one of them had the whole state of the
  /// training, writes that to the folder of the run. Logs how it went.
  void save();

 private:
  void begin(int64_t start);
  void spawn(const Plan& plan, const PlacedShell& placed);
  void meet(const std::vector<NodeAddress>& nodes);
  caf::strong_actor_ptr peer(int number);
  void end();
  void forget(int number);

  const Registry& registry_;
  monitoring::MetricRegistry& metrics_;
  std::string node_;
  std::string key_;  ///< folder of the job key; empty: none
  std::string job_;
  std::string plan_yaml_;         ///< the last that was placed
  std::filesystem::path output_;  ///< folder of the run
  std::unique_ptr<JobObserver> observer_;
  std::function<void(NodeReport)> report_;
  std::shared_ptr<LaneRouter> router_;
  int64_t start_ = -1;      ///< number of the start of the graph
  int64_t first_step_ = 0;  ///< steps that were done before it
  std::unique_ptr<ReplicaGroups> groups_;
  PoolConfig config_;
  caf::actor_system system_;
  SupervisorActor supervisor_;
  std::map<int, ShellActor> shells_;               ///< by number
  std::map<int, ShellMetrics> counts_;             ///< by number
  std::map<int, std::shared_ptr<Stage>> keepers_;  ///< of state, by number
  std::set<int> forming_;                          ///< shells that form groups; not waited for
  std::map<int, std::string> node_of_;             ///< by number of a shell
  std::map<std::string, ShellActor> proxies_;      ///< by node
  std::map<std::string, std::string> others_;      ///< payload addresses of other nodes, by name
};

}  // namespace arno::graph::detail

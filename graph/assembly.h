// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "graph/cluster/cluster.h"
#include "graph/job_result.h"
#include "graph/job_status.h"
#include "graph/lanes.h"
#include "graph/shell.h"
#include "graph/supervisor.h"

namespace arno::graph {

/// A step to another plan: all that can fail is done, nothing of it runs.
struct PreparedChange {
  Plan plan;
  LaneLayout layout;
  LayoutChange change;
  std::vector<StageContext> contexts;          ///< by new shell
  std::vector<std::shared_ptr<Stage>> stages;  ///< by new shell; null on another node
};

/// The actors of a job: a shell for each replica, and their supervisor. Thread-safe.
class Assembly {
 public:
  /// `base` is what each stage is told; its registry is set and outlives the assembly. `on_end` is
  /// called once, from an actor, when the job has ended; `on_lost` from a thread of the cluster for
  /// each node that is lost.
  Assembly(caf::actor_system& system, StageContext base, int64_t drain_timeout_s,
           std::function<void(JobResult)> on_end,
           std::function<void(const std::string& node, const std::string& why)> on_lost);
  /// Ends all actors, each after the call that is under way.
  ~Assembly();
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  /// Ends all actors without waiting for them.
  void exit_all();

  /// Makes the stages of what `plan` adds to the graph, here and on other nodes. Throws what their
  /// constructors throw, and io_failed for a node that cannot be reached.
  PreparedChange prepare(Plan plan);
  /// Carries a change out; the first one starts the job. `done` is told "" when the graph is as the
  /// plan says, else why it stays as it was. One at a time.
  void apply(PreparedChange prepared, ChangeProtocol::Done done);

  /// Goes on without the shells of a node that is gone.
  void drop_node(const std::string& node);
  /// The plan that places the replicas of lost nodes on those that are left.
  Plan plan_without_lost() const;
  /// Once that plan is reached: sources send again what has not arrived.
  void finish_recovery();

  /// Hands options to the first replica of an actor. Throws invalid_argument when there is none.
  void adopt_options(const std::string& actor, AdoptOptions message) const;
  /// Shows options as those of an actor.
  void set_options(const std::string& actor, std::shared_ptr<const ActorOptions> options);

  const SupervisorActor& supervisor() const { return supervisor_; }
  const ShellActor& shell(int number) const { return shells_.at(number); }
  /// The plan of the graph as it is; null before the start.
  std::shared_ptr<const Plan> plan() const;
  JobStatus status() const;
  /// No time passes for the actors any more.
  void stop_clocks();

 private:
  SupervisedShell spawn(int number, const PreparedChange& prepared, size_t which);
  void adopt(const PreparedChange& prepared);
  void route(const Lane& lane);
  void forget_lost();
  ActorStatus status_of_shell(int number) const;
  EdgeStatus status_of_edge(const std::string& name) const;

  caf::actor_system& system_;
  StageContext base_;
  SupervisorActor supervisor_;
  Cluster cluster_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Plan> plan_;  ///< of the graph as it is
  std::set<std::string> lost_nodes_;
  std::vector<LostLane> lost_inputs_;                ///< lanes that wait for their end
  LaneLayout layout_;                                ///< of plan_
  std::deque<ShellActor> shells_;                    ///< by number, of all that were ever spawned
  std::deque<std::optional<ShellMetrics>> metrics_;  ///< by number; nothing on another node
};

}  // namespace arno::graph

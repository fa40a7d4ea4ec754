// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "graph/cluster/cluster.h"
#include "graph/job_layout.h"
#include "graph/job_result.h"
#include "graph/job_status.h"
#include "graph/lanes.h"
#include "graph/plan_placement.h"
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
  bool restart = false;                        ///< the graph starts anew
  bool recovery = false;                       ///< of what was lost
};

/// Who hears of the actors of a job.
struct AssemblyListeners {
  /// Called once, from an actor, when the job has ended.
  std::function<void(JobResult)> on_end;
  /// From a thread of the cluster: a node is lost.
  std::function<void(const std::string& node, const std::string& why)> on_lost;
  /// From an actor: a shell has lost the others of its group.
  std::function<void(int shell, const std::string& why)> on_setback;
  /// From an actor: a shadow has failed.
  std::function<void(int shell)> on_shadow_failed;
};

/// The actors of a job: a shell for each replica, and their supervisor. Thread-safe.
class Assembly {
 public:
  /// `base` is what each stage is told; its registry is set and outlives the assembly.
  Assembly(caf::actor_system& system, StageContext base, int64_t drain_timeout_s,
           AssemblyListeners listeners);
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

  // When a node is lost (see assembly_recovery.cc).

  /// Goes on without the shells of a node that is gone; stops the graph when one of them kept
  /// state. False when nothing was to be done there any more.
  bool drop_node(const std::string& node);
  /// Ends everything but what only takes in, as the whole graph is to start anew. Does not wait.
  void stop_graph(const std::string& why);
  /// Ends what only takes in, too.
  void stop_all();
  /// Lets what is under way come to its end first, the state's way to disk included, so that the
  /// newest checkpoint is of the last step. Waits for that, unless something is lost meanwhile.
  void finish_graph(const std::string& why);
  /// Like stop_graph(), unless the shell is of an earlier start.
  void stop_graph_of(int shell, const std::string& why);
  /// Ends all replicas of a shell's actor, for which nobody waits. Returns its name; "" when the
  /// shell is gone already. The plan still has it.
  std::string drop_actor_of(int shell);
  /// Throws what keeps the other nodes from running a plan, and changes nothing.
  void check_on_nodes(const Plan& plan) { cluster_.check(plan); }
  /// Whether the graph was stopped and has not been started again.
  bool is_stopped() const;
  /// Waits until what was stopped is gone, on all nodes, and returns the state to go on from.
  Commit take_commit();
  /// The stages of a stopped graph, made anew to go on from there.
  PreparedChange prepare_restart(Plan plan, Commit commit);
  /// `plan`, with the replicas that it has on lost nodes placed on those that are left. Throws as
  /// without_nodes().
  Plan without_lost(Plan plan) const { return without_nodes(std::move(plan), cluster_.lost()); }
  /// Nodes that were lost and have not come back.
  std::set<std::string> lost_nodes() const { return cluster_.lost(); }
  /// How often something was lost.
  int64_t losses() const;
  /// Once the plan is reached: consumers hear the end of lanes from what is gone, and sources send
  /// again what has not arrived unless they are new. False, and nothing is done, when more was lost
  /// since losses() was `known`.
  bool finish_recovery(int64_t known, bool sources_are_new);

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
  void adopt(PreparedChange prepared);
  void route(const Lane& lane);
  bool drop(const std::string& node, const std::function<bool(int shell)>& is_gone);
  void stop_locked(const std::string& why);
  void check_nodes_are_there(const PreparedChange& prepared) const;
  void begin(const Plan& plan);
  std::vector<PlacedShell> make_stages(PreparedChange& change) const;
  std::vector<NodeStatus> status_of_nodes(const Plan& plan) const;
  ActorStatus status_of_shell(int number) const;
  EdgeStatus status_of_edge(const std::string& name) const;

  caf::actor_system& system_;
  StageContext base_;
  SupervisorActor supervisor_;
  std::chrono::seconds drain_timeout_;
  Cluster cluster_;
  mutable std::mutex mutex_;
  std::vector<ShellActor> ending_;                  ///< of those, which may still be at work
  std::map<int, std::shared_ptr<Stage>> stateful_;  ///< first replicas that keep state, by shell
  std::shared_ptr<ops::GroupMaker> local_groups_;   ///< see ReplicaGroups
  std::shared_ptr<ReplicaGroups> groups_;           ///< of this start
  int64_t start_ = 0;                               ///< number of this start
  Commit commit_;                                   ///< that the last start was to go on from
  bool stopped_ = false;
  JobLayout layout_;                                 ///< of the graph as it is
  std::deque<ShellActor> shells_;                    ///< by number, of all that were ever spawned
  std::deque<std::optional<ShellMetrics>> metrics_;  ///< by number; nothing on another node
};

}  // namespace arno::graph

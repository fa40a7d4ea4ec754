// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/actor_kind.h"
#include "graph/job_config.h"

namespace arno::graph {

/// An actor that will be spawned, `replicas` times.
struct PlannedActor {
  std::string name;
  const ActorKind* kind = nullptr;
  int64_t replicas = 1;
  std::string on_error;
  int64_t max_errors = 0;
  std::shared_ptr<const ActorOptions> options;
  std::vector<std::string> nodes{};  ///< of its replicas, in turn; empty: the launcher's
  std::vector<std::string> why{};    ///< they run there, by replica; empty: the file says so
  std::vector<int64_t> numbers{};    ///< of its replicas; empty: 0, 1, 2, ...

  /// The number of a replica. It stays while the job runs, also when some before it are gone.
  int64_t number_of(int64_t replica) const;
  /// What a replica is called: "decode[2]", or "decode" where there was never another.
  std::string name_of(int64_t replica) const;
  /// Where a replica runs.
  const std::string& node_of(int64_t replica) const;
  /// Whether a replica runs on another node than the launcher's.
  bool leaves_launcher() const;
  /// Whether it only joins others to groups: it holds nothing, and may be waiting for a peer.
  bool forms_groups() const { return kind->keeps_state && is_source(); }
  /// Whether it begins by itself: no input but those that close a cycle.
  bool is_source() const;
};

/// An edge between ports of planned actors (indices). Each producer replica has a lane to each
/// consumer replica, or to that of its own number (Port::by_replica); the capacity is shared out
/// over the lanes.
struct PlannedEdge {
  int from = 0;
  int from_port = 0;
  int to = 0;
  int to_port = 0;
  int64_t capacity_items = 1;
  int64_t capacity_bytes = 1;
  std::string tap = "blocking";

  /// Whether items are left out when it is full.
  bool is_lossy() const { return tap != "blocking"; }
};

/// A job that has been checked as a whole and can be spawned.
struct Plan {
  const Registry* registry = nullptr;  ///< that it was made with
  JobConfig config;
  std::vector<PlannedActor> actors;  ///< producers before their consumers, back edges aside
  std::vector<PlannedEdge> edges;    ///< in the order of the file
  ClusterResources resources{};      ///< of the nodes, as far as they are known

  /// Whether what actor `from` sends, or makes others send, comes to actor `to`; back edges aside.
  bool reaches(int from, int to) const;
  // The ends of an edge, "actor.port", and what it is called: "from.port->to.port".
  std::string sender(const PlannedEdge& edge) const;
  std::string receiver(const PlannedEdge& edge) const;
  std::string edge_name(const PlannedEdge& edge) const;
  /// Whether a lane of the edge joins these replicas.
  bool joins(const PlannedEdge& edge, int64_t producer, int64_t consumer) const;
  /// The number of lanes of an edge.
  int64_t lanes(const PlannedEdge& edge) const;
  /// Whether every lane of the edge gets every item, instead of one of them.
  bool copies(const PlannedEdge& edge) const;
  /// Whether all inputs of an actor are lossy: nothing waits for it.
  bool only_looks_on(const std::string& actor) const;
  /// Whether all are shadows: whatever happens to it does not matter to the job.
  bool is_shadow(const std::string& actor) const;
  /// Whether an edge ends at an input that closes a cycle.
  bool is_back(const PlannedEdge& edge) const;
  /// The most that can be under way on all edges together, bytes.
  int64_t memory_bound() const;
  /// The job file with every default filled in, and a table of the edges as comments.
  std::string to_yaml() const;
  /// The graph in Graphviz's language.
  std::string to_dot() const;
};

/// Checks a job file and plans it; appends everything that is wrong to `problems`, each with file,
/// line and key. The plan is of use only when there are none. `registry` must outlive the plan.
/// `known`: what nodes have said, and what the launcher has; others have what the file says, and
/// may have enough of all else.
Plan make_plan(const RawConfig& file, const Registry& registry, ConfigProblems& problems,
               const ClusterResources& known = {});
/// A job that has been read, and where it stands.
struct ReadJob {
  JobConfig config;
  size_t first_edge = 0;  ///< the edges before it were there already
};
/// The same for a job that has been read; `file` is where its actors and edges stand.
Plan make_plan(ReadJob job, const RawConfig& file, const Registry& registry,
               ConfigProblems& problems, const ClusterResources& known = {});

/// Whether replicas that keep state are more or fewer in the second plan, or elsewhere: the graph
/// has to start anew then.
bool moves_state(const Plan& before, const Plan& after);

/// What all stages of a job are told; actor and replica are left open.
StageContext base_context(const JobConfig& config);

}  // namespace arno::graph

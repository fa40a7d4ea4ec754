// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/config.h"
#include "florence/training/training_config.h"
#include "graph/resources.h"

namespace arno::graph {

/// The name of the node where a job is launched.
inline constexpr const char* kLocalNode = "local";

/// Whether actors and nodes may be called so.
bool is_name(const std::string& text);
inline constexpr const char* kNameRule = "a letter, then letters, digits, _ and -";

/// An actor as the file names it.
struct ActorSpec {
  std::string kind;
  int64_t replicas = 0;            ///< 0: one, or per_node on each node
  std::string on_error = "stop";   ///< stop, restart or skip
  int64_t max_errors = 100;        ///< restarts or skips before the job stops
  std::vector<std::string> nodes;  ///< where its replicas run, in turn; see also is_placed()
  Resources needs;                 ///< of each replica
  std::string place;               ///< spread or pack; empty: spread
  int64_t per_node = 0;            ///< most replicas on one node; 0: any number
  std::vector<std::string> at;     ///< where replicas are, by number; of what was placed before
  /// Of the first replicas, when some before them were lost; in the plan of a running job alone.
  std::vector<int64_t> numbers{};
  RawConfig options;

  /// Whether the planner chooses the nodes of its replicas: of `nodes`, or of all.
  bool is_placed() const { return !needs.empty() || !place.empty() || per_node > 0 || !at.empty(); }
  /// Where there are fewer than before the last ones leave, and the others stay where they are.
  void set_replicas(int64_t count) {
    replicas = count;
    if (std::ssize(at) > count) at.resize(static_cast<size_t>(count));
  }

  void fields(ConfigFields& f);
};

/// An edge as the file names it: "actor.port" at both ends.
struct EdgeSpec {
  std::string from;
  std::string to;
  std::string tap = "blocking";  ///< blocking, lossy or shadow
  int64_t capacity = 16;         ///< items in flight, over all replicas
  int64_t capacity_mb = 256;     ///< MiB in flight
  void fields(ConfigFields& f);
};

struct MonitoringSpec {
  std::string listen =
      "127.0.0.1:0";  ///< address of the page and of /metrics; port 0: any free one
  bool enabled = true;
  double linger_s = 0;  ///< seconds to serve on after the end of the job
  void fields(ConfigFields& f);
};

/// A node that waits for actors of jobs (`arno node`), or the launcher's (kLocalNode).
struct NodeSpec {
  std::string address;  ///< "host:port"; the launcher's has none
  Resources resources;  ///< what it has, as far as the file says
  void fields(ConfigFields& f);
};

struct ControlSpec {
  std::string listen = "127.0.0.1:0";         ///< where orders are taken; port 0: any free one
  std::string payload = "tcp://127.0.0.1:*";  ///< where items of other nodes come in
  std::string key;                            ///< folder of a job key (`arno key new`); empty: none
  bool enabled = true;
  void fields(ConfigFields& f);
};

struct SupervisorSpec {
  int64_t drain_timeout_s = 120;  ///< seconds a drain may take before the job is aborted
  void fields(ConfigFields& f);
};

/// A whole job file.
struct JobConfig {
  std::string job;     ///< name, label of every metric
  std::string output;  ///< folder for checkpoints and logs
  int64_t seed = 1;
  int64_t workers = 2;  ///< threads of the pool for actors that do not block
  florence::TrainingConfig training;
  MonitoringSpec monitoring;
  ControlSpec control;
  SupervisorSpec supervisor;
  std::map<std::string, NodeSpec> nodes;
  std::map<std::string, ActorSpec> actors;
  std::vector<EdgeSpec> edges;

  void fields(ConfigFields& f);
};

}  // namespace arno::graph

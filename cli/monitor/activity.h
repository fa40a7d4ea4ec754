// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/monitor/recent.h"
#include "graph/job.h"

namespace arno::cli {

/// What an actor or a replica did with its time lately. The shares add up to one.
struct Shares {
  double busy = 0;
  double starved = 0;
  double blocked = 0;
  double paused = 0;
};

/// One replica, what it has done in all and what it did lately.
struct ReplicaActivity {
  graph::ActorStatus status;
  double items_per_second = 0;
  Shares shares;
};

/// An edge, likewise.
struct EdgeActivity {
  graph::EdgeStatus status;
  double items_per_second = 0;
};

/// A job, likewise; in the order of its status.
struct JobActivity {
  std::vector<ReplicaActivity> replicas;
  std::vector<EdgeActivity> edges;
};

/// Turns what a job has done in all, looked at again and again, into what it does now.
class ActivityWindow {
 public:
  /// `length_s`: seconds that "lately" reaches back.
  explicit ActivityWindow(double length_s) : looks_(length_s) {}

  /// `at`: seconds of any clock, ascending.
  void add(double at, graph::JobStatus status) { looks_.add(at, std::move(status)); }
  /// From the first status in the window to the last; before there are two, everything is idle.
  /// Of what joined in between, from nothing to the last; what left is not there.
  JobActivity activity() const;

 private:
  Recent<graph::JobStatus> looks_;
};

/// Sums the rates of an actor's replicas and takes the mean of their shares.
ReplicaActivity sum_of_replicas(const JobActivity& activity, const std::string& actor);

}  // namespace arno::cli

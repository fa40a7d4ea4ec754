// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/job_result.h"
#include "graph/plan.h"

namespace arno::graph {

/// What one replica of an actor has done. The four times add up to all of its time from start to
/// its last event.
struct ActorStatus {
  std::string actor;
  std::string kind;
  int64_t replica = 0;
  int64_t items = 0;       ///< handled
  int64_t sent_items = 0;  ///< each once, however many edges it took
  int64_t skipped_items = 0;
  int64_t errors = 0;
  int64_t queued_items = 0;
  double busy_s = 0;
  double starved_s = 0;  ///< waited for input
  double blocked_s = 0;  ///< waited for credit
  double paused_s = 0;   ///< failed, awaiting the supervisor
};

/// What an edge has carried, over all replicas of its producer.
struct EdgeStatus {
  std::string name;  ///< "from.port->to.port"
  int64_t items = 0;
  int64_t in_flight_items = 0;
};

/// Where a job stands.
struct JobStatus {
  std::vector<ActorStatus> actors;  ///< all replicas, in the plan's order
  std::vector<EdgeStatus> edges;    ///< in the plan's order
};

/// A running graph. Spawns the actors of a plan, and ends them in order.
class Job {
 public:
  /// Makes every stage, so errors of their making are thrown here: nothing runs yet. `context` is
  /// what each stage is told (see base_context()); its registry, observer and trace outlive the
  /// job. The plan is copied.
  Job(Plan plan, StageContext context);
  /// Ends what still runs, after the call into a stage that is under way.
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Once.
  void start();
  /// Asks for an ordered end: sources stop, what is under way goes through. Any thread, any time.
  void drain();
  /// Ends at once; the result is `failed` with this reason. Any thread.
  void abort(const std::string& reason);
  /// Waits for the end of a job that was started or aborted.
  JobResult wait();
  /// Any thread.
  JobStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "graph/job_result.h"
#include "graph/job_status.h"
#include "graph/plan.h"

namespace arno::graph {

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
  /// Brings the running graph to another plan: spawns what is new, lets what is gone work off what
  /// it has, gives edges their new capacity. Waits until it is done. No item is lost, none comes
  /// twice. Any thread, once the job was started. Throws what the making of a stage throws, and
  /// cancelled when the job is ending; the graph then stays as it was.
  void change(Plan plan);
  /// An actor goes on under options that were extended. Returns them as it took them. Throws what
  /// the actor throws, and cancelled when the job is ending; it then goes on as before.
  std::shared_ptr<const ActorOptions> adopt(const std::string& actor,
                                            std::shared_ptr<const ActorOptions> options);
  /// The plan of the graph as it is; null before the start.
  std::shared_ptr<const Plan> plan() const;
  /// Waits for the end of a job that was started or aborted.
  JobResult wait();
  /// Any thread.
  JobStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "graph/job_result.h"
#include "graph/plan.h"

namespace arno::graph {

/// A running graph. Spawns the actors of a plan, and ends them in order.
class Job {
 public:
  /// Makes every stage, so errors of their making are thrown here: nothing runs yet. `context` is
  /// what each stage is told (see base_context()); the plan is copied.
  Job(Plan plan, StageContext context);
  /// Aborts what still runs.
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  void start();
  /// Asks for an ordered end: sources stop, what is under way goes through. Any thread.
  void drain();
  /// Ends at once. Any thread.
  void abort(const std::string& reason);
  /// Waits for the end.
  JobResult wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "graph/job_observer.h"

namespace arno::graph {

/// Passes on what is told for the first time: a graph that goes back to a commit makes steps and
/// evaluations once more, with the same outcome. Thread-safe.
class OnceObserver final : public JobObservers {
 public:
  /// `to`: hears of the rest, and outlives the object; null: nobody. `done`: steps before the
  /// start.
  OnceObserver(JobObserver* to, int64_t done)
      : JobObservers(to ? std::vector{to} : std::vector<JobObserver*>()), last_step_(done) {}

  void on_step(const StepReport& report) override;
  void on_evaluation(const EvaluationReport& report) override;

  /// Of all that was told.
  int64_t last_step() const;

 private:
  mutable std::mutex mutex_;
  int64_t last_step_;
  std::map<std::string, int64_t> last_evaluation_;  ///< step, by task
};

}  // namespace arno::graph

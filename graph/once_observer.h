// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "graph/job_observer.h"

namespace arno::graph {

/// Passes on what is told for the first time: a graph that goes back to a commit makes steps and
/// evaluations once more, with the same outcome. Thread-safe.
class OnceObserver final : public JobObserver {
 public:
  /// `to`: hears of the rest, and outlives the object; null: nobody. `done`: steps before the
  /// start.
  OnceObserver(JobObserver* to, int64_t done) : to_(to), last_step_(done) {}

  void on_step(const StepReport& report) override;
  void on_evaluation(const EvaluationReport& report) override;
  void on_checkpoint(int64_t step, const std::string& path) override;
  void on_source(const SourceReport& report) override;
  void on_event(const JobEvent& event) override;
  bool wants_sample() override;
  void on_sample(const SampleReport& report) override;

  /// Of all that was told.
  int64_t last_step() const;

 private:
  JobObserver* to_;
  mutable std::mutex mutex_;
  int64_t last_step_;
  std::map<std::string, int64_t> last_evaluation_;  ///< step, by task
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/once_observer.h"

#include <algorithm>

namespace arno::graph {

void OnceObserver::on_step(const StepReport& report) {
  {
    const std::scoped_lock lock(mutex_);
    if (report.step <= last_step_) return;
    last_step_ = report.step;
  }
  JobObservers::on_step(report);
}

void OnceObserver::on_evaluation(const EvaluationReport& report) {
  bool fresh = false;
  {
    const std::scoped_lock lock(mutex_);
    for (const TaskReport& task : report.tasks) {
      const auto [known, first] = last_evaluation_.try_emplace(task.name, report.step);
      fresh |= first || known->second < report.step;
      known->second = std::max(known->second, report.step);
    }
  }
  if (fresh) JobObservers::on_evaluation(report);
}

int64_t OnceObserver::last_step() const {
  const std::scoped_lock lock(mutex_);
  return last_step_;
}

}  // namespace arno::graph

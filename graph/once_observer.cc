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
  if (to_) to_->on_step(report);
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
  if (to_ && fresh) to_->on_evaluation(report);
}

void OnceObserver::on_checkpoint(int64_t step, const std::string& path) {
  if (to_) to_->on_checkpoint(step, path);
}
void OnceObserver::on_source(const SourceReport& report) {
  if (to_) to_->on_source(report);
}
void OnceObserver::on_event(const JobEvent& event) {
  if (to_) to_->on_event(event);
}
bool OnceObserver::wants_sample() { return to_ && to_->wants_sample(); }
void OnceObserver::on_sample(const SampleReport& report) {
  if (to_) to_->on_sample(report);
}

int64_t OnceObserver::last_step() const {
  const std::scoped_lock lock(mutex_);
  return last_step_;
}

}  // namespace arno::graph

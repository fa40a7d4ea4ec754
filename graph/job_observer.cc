// SPDX-License-Identifier: Apache-2.0
#include "graph/job_observer.h"

#include <algorithm>

namespace arno::graph {

std::map<std::string, double> EvaluationReport::figures() const {
  std::map<std::string, double> out;
  for (const TaskReport& task : tasks) {
    for (const auto& [name, value] : task.figures) out[task.name + "/" + name] = value;
  }
  return out;
}

void JobObservers::on_step(const StepReport& report) {
  for (JobObserver* one : all_) one->on_step(report);
}
void JobObservers::on_evaluation(const EvaluationReport& report) {
  for (JobObserver* one : all_) one->on_evaluation(report);
}
void JobObservers::on_checkpoint(int64_t step, const std::string& path) {
  for (JobObserver* one : all_) one->on_checkpoint(step, path);
}
void JobObservers::on_source(const SourceReport& report) {
  for (JobObserver* one : all_) one->on_source(report);
}
void JobObservers::on_event(const JobEvent& event) {
  for (JobObserver* one : all_) one->on_event(event);
}
bool JobObservers::wants_sample() {
  return std::ranges::any_of(all_, [](JobObserver* one) { return one->wants_sample(); });
}
void JobObservers::on_sample(const SampleReport& report) {
  for (JobObserver* one : all_) one->on_sample(report);
}

}  // namespace arno::graph

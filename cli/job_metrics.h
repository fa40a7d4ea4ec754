// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/job_observer.h"
#include "monitoring/metrics.h"

namespace arno::cli {

/// Turns a job's reports into metrics, and shows what its process and its tensors take.
class JobMetrics final : public graph::JobObserver {
 public:
  explicit JobMetrics(monitoring::MetricRegistry& registry);

  void on_step(const graph::StepReport& report) override;
  void on_evaluation(const graph::EvaluationReport& report) override;
  void on_checkpoint(int64_t step, const std::string& path) override;
  void on_event(const graph::JobEvent& event) override;
  /// What the job does now: one of kJobPhases.
  void set_phase(const std::string& phase);

 private:
  monitoring::MetricRegistry& registry_;
  monitoring::Gauge step_, total_steps_, loss_, floor_, learning_rate_, temperature_;
  monitoring::Gauge grad_norm_, parameter_norm_;
  monitoring::Gauge checkpoint_step_, checkpoint_time_;
  monitoring::Counter images_, returns_;
  monitoring::Histogram latency_;
  std::vector<monitoring::Histogram> phase_seconds_;  ///< as in StepPhases::named()
  std::map<std::string, monitoring::Gauge> job_phases_;
};

/// The life of a job.
inline constexpr const char* kJobPhases[] = {"starting",  "running", "draining",
                                             "completed", "drained", "failed"};

/// Declarations of the metrics of JobMetrics, for the reference.
std::span<const monitoring::MetricDef> job_metric_defs();

}  // namespace arno::cli

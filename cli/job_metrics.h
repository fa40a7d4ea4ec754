// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/job_observer.h"
#include "monitoring/metrics.h"

namespace arno::cli {

/// Turns a job's reports into metrics.
class JobMetrics final : public graph::JobObserver {
 public:
  JobMetrics(monitoring::MetricRegistry& registry, const std::string& job);

  void on_step(const graph::StepReport& report) override;
  void on_evaluation(const graph::EvaluationReport& report) override;
  void on_checkpoint(int64_t step, const std::string& path) override;

 private:
  monitoring::MetricRegistry& registry_;
  std::string job_;
  monitoring::Gauge step_, loss_, floor_, learning_rate_, temperature_, grad_norm_;
  monitoring::Gauge checkpoint_step_;
  monitoring::Counter images_;
};

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace arno::graph {

/// What a training step did.
struct StepReport {
  int64_t step = 0;  ///< from 1: steps done
  int64_t total_steps = 0;
  std::string stage;  ///< name of the training stage
  double loss = 0;
  double floor = 0;  ///< least value the loss can have on this batch
  double learning_rate = 0;
  double temperature = 0;  ///< multiplier of the cosine
  double grad_norm = 0;    ///< before clipping
  int64_t images = 0;      ///< in the step
};

/// What an evaluation found: named figures, "fashion_mnist/top1" -> 0.88.
struct EvaluationReport {
  int64_t step = 0;
  std::map<std::string, double> figures;
};

/// Hears what a job does: the terminal, the run log and the dashboards do. Called from any actor's
/// thread.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void on_step(const StepReport&) {}
  virtual void on_evaluation(const EvaluationReport&) {}
  virtual void on_checkpoint(int64_t /*step*/, const std::string& /*path*/) {}
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "cli/job_metrics.h"

namespace arno::cli {

JobMetrics::JobMetrics(monitoring::MetricRegistry& registry, const std::string& job)
    : registry_(registry), job_(job) {
  const auto gauge = [&](const char* name, const char* help) {
    return registry.gauge(name, help, {{"job", job}});
  };
  step_ = gauge("arno_train_step", "Optimiser steps done.");
  loss_ = gauge("arno_train_loss", "UniCL loss of the last step.");
  floor_ = gauge("arno_train_loss_floor", "Least value the last step's loss could have had.");
  learning_rate_ = gauge("arno_train_learning_rate", "Learning rate of the last step.");
  temperature_ = gauge("arno_train_temperature", "Multiplier of the cosine.");
  grad_norm_ = gauge("arno_train_grad_norm", "Norm of the last gradient, before clipping.");
  checkpoint_step_ = gauge("arno_checkpoint_step", "Step of the newest checkpoint.");
  images_ = registry.counter("arno_train_images_total", "Images trained on; its rate is images/s.",
                             {{"job", job}});
}

void JobMetrics::on_step(const graph::StepReport& report) {
  step_.set(static_cast<double>(report.step));
  loss_.set(report.loss);
  floor_.set(report.floor);
  learning_rate_.set(report.learning_rate);
  temperature_.set(report.temperature);
  grad_norm_.set(report.grad_norm);
  images_.add(static_cast<double>(report.images));
}

void JobMetrics::on_evaluation(const graph::EvaluationReport& report) {
  for (const auto& [name, value] : report.figures) {
    registry_
        .gauge("arno_evaluation", "Figures of the last evaluation.",
               {{"job", job_}, {"figure", name}})
        .set(value);
  }
}

void JobMetrics::on_checkpoint(int64_t step, const std::string&) {
  checkpoint_step_.set(static_cast<double>(step));
}

}  // namespace arno::cli

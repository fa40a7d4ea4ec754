// SPDX-License-Identifier: Apache-2.0
#include "cli/job_metrics.h"

#include "common/version.h"
#include "common/wall_clock.h"
#include "monitoring/gpu_metrics.h"
#include "monitoring/process_metrics.h"
#include "ops/core/allocator.h"

namespace arno::cli {
namespace {

using monitoring::MetricDef;
using monitoring::MetricType;

// In the order of Def.
constexpr MetricDef kDefs[] = {
    {MetricType::gauge, "arno_train_step", "Optimiser steps done."},
    {MetricType::gauge, "arno_train_total_steps", "Optimiser steps of the whole job."},
    {MetricType::gauge, "arno_train_loss", "UniCL loss of the last step."},
    {MetricType::gauge, "arno_train_loss_floor",
     "Least value the last step's loss could have had."},
    {MetricType::gauge, "arno_train_learning_rate", "Learning rate of the last step."},
    {MetricType::gauge, "arno_train_temperature", "Multiplier of the cosine."},
    {MetricType::gauge, "arno_train_grad_norm", "Norm of the last gradient, before clipping."},
    {MetricType::gauge, "arno_train_parameter_norm",
     "Norm of all parameters, measured every few steps."},
    {MetricType::counter, "arno_train_images_total", "Images trained on; its rate is images/s."},
    {MetricType::histogram,
     "arno_train_phase_seconds",
     "Time of the phases of a step: wait (for the batch), forward, gather, loss, "
     "backward, allreduce, optimizer.",
     {"phase"}},
    {MetricType::histogram, "arno_sample_latency_seconds",
     "Time from reading a sample to the end of its step."},
    {MetricType::gauge,
     "arno_evaluation",
     "Figures of the last evaluation, each under task/figure.",
     {"figure"}},
    {MetricType::gauge, "arno_checkpoint_step", "Step of the newest checkpoint."},
    {MetricType::gauge, "arno_checkpoint_timestamp_seconds",
     "Time of the newest checkpoint, since 1970."},
    {MetricType::counter, "arno_job_returns_total",
     "Times that the graph started anew from a commit: state was lost, or replicas changed."},
    {MetricType::gauge, "arno_job_start_timestamp_seconds", "Time of the start, since 1970."},
    {MetricType::gauge, "arno_job_phase", "1 for what the job does now, else 0.", {"phase"}},
    {MetricType::gauge, "arno_build_info", "Always 1; the version is a label.", {"version"}},
    {MetricType::gauge,
     "arno_memory_bytes",
     "Memory of an allocator: in_use, or cached for the next request.",
     {"allocator", "state"}}};
// clang-format off
enum Def {
  kStep, kTotalSteps, kLoss, kFloor, kLearningRate, kTemperature, kGradNorm, kParameterNorm,
  kImages, kPhaseSeconds, kLatency, kEvaluation, kCheckpointStep, kCheckpointTime, kReturns,
  kStartTime, kJobPhase, kBuildInfo, kMemory
};
// clang-format on

const std::vector<double> kPhaseBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                       0.5,   1,      2.5,   5,    10,    30,   60};
const std::vector<double> kLatencyBounds{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                         2.5,  5,     10,   30,  60,   120};

void show_tensor_memory(monitoring::MetricRegistry& registry) {
  const auto gauge = [&](const char* state) {
    return registry.gauge(kDefs[kMemory], {{"allocator", "tensors"}, {"state", state}});
  };
  registry.before_collection([in_use = gauge("in_use"), cached = gauge("cached")]() mutable {
    const ops::AllocatorStats stats = ops::allocator(ops::Device{}).stats();
    in_use.set(static_cast<double>(stats.in_use));
    cached.set(static_cast<double>(stats.cached));
  });
}

}  // namespace

JobMetrics::JobMetrics(monitoring::MetricRegistry& registry) : registry_(registry) {
  const auto gauge = [&](Def def) { return registry.gauge(kDefs[def]); };
  step_ = gauge(kStep);
  total_steps_ = gauge(kTotalSteps);
  loss_ = gauge(kLoss);
  floor_ = gauge(kFloor);
  learning_rate_ = gauge(kLearningRate);
  temperature_ = gauge(kTemperature);
  grad_norm_ = gauge(kGradNorm);
  parameter_norm_ = gauge(kParameterNorm);
  checkpoint_step_ = gauge(kCheckpointStep);
  checkpoint_time_ = gauge(kCheckpointTime);
  images_ = registry.counter(kDefs[kImages]);
  returns_ = registry.counter(kDefs[kReturns]);
  latency_ = registry.histogram(kDefs[kLatency], kLatencyBounds);
  for (const auto& [phase, seconds] : graph::StepPhases().named()) {
    phase_seconds_.push_back(
        registry.histogram(kDefs[kPhaseSeconds], kPhaseBounds, {{"phase", phase}}));
  }
  for (const char* phase : kJobPhases) {
    job_phases_[phase] = registry.gauge(kDefs[kJobPhase], {{"phase", phase}});
  }
  gauge(kStartTime).set(wall_clock());
  registry.gauge(kDefs[kBuildInfo], {{"version", version()}}).set(1);
  show_tensor_memory(registry);
  monitoring::add_process_metrics(registry);
  monitoring::add_gpu_metrics(registry);
}

void JobMetrics::on_step(const graph::StepReport& report) {
  step_.set(static_cast<double>(report.step));
  total_steps_.set(static_cast<double>(report.total_steps));
  loss_.set(report.loss);
  floor_.set(report.floor);
  learning_rate_.set(report.learning_rate);
  temperature_.set(report.temperature);
  grad_norm_.set(report.grad_norm);
  parameter_norm_.set(report.parameter_norm);
  images_.add(static_cast<double>(report.images));
  const auto phases = report.phases.named();
  for (size_t i = 0; i < phases.size(); ++i) phase_seconds_[i].observe(phases[i].second);
  for (const double latency : report.sample_latencies) latency_.observe(latency);
}

void JobMetrics::on_evaluation(const graph::EvaluationReport& report) {
  for (const auto& [name, value] : report.figures()) {
    registry_.gauge(kDefs[kEvaluation], {{"figure", name}}).set(value);
  }
}

void JobMetrics::on_checkpoint(int64_t step, const std::string&) {
  checkpoint_step_.set(static_cast<double>(step));
  checkpoint_time_.set(wall_clock());
}

void JobMetrics::on_event(const graph::JobEvent& event) {
  if (event.kind == "back") returns_.add();
}

void JobMetrics::set_phase(const std::string& phase) {
  for (auto& [name, shown] : job_phases_) shown.set(name == phase ? 1 : 0);
}

std::span<const monitoring::MetricDef> job_metric_defs() { return kDefs; }

}  // namespace arno::cli

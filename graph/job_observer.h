// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "io/image/image.h"
#include "ops/core/tensor.h"

namespace arno::graph {

/// Where the time of a training step went, seconds.
struct StepPhases {
  double wait = 0;  ///< for the batch
  double forward = 0;
  double gather = 0;  ///< replicas exchange features and labels
  double loss = 0;    ///< the rest from the features to their gradients, in another actor
  double backward = 0;
  double allreduce = 0;  ///< that computation waited for sums over replicas
  double optimizer = 0;  ///< clipping included

  /// Each with its name, as they come.
  std::array<std::pair<const char*, double>, 7> named() const {
    return {{{"wait", wait},
             {"forward", forward},
             {"gather", gather},
             {"loss", loss},
             {"backward", backward},
             {"allreduce", allreduce},
             {"optimizer", optimizer}}};
  }
};

/// What a training step did.
struct StepReport {
  int64_t step = 0;  ///< from 1: steps done
  int64_t total_steps = 0;
  std::string stage;  ///< name of the training stage
  double loss = 0;
  double floor = 0;  ///< least value the loss can have on this batch
  double learning_rate = 0;
  double temperature = 0;     ///< multiplier of the cosine
  double grad_norm = 0;       ///< before clipping
  double parameter_norm = 0;  ///< of all parameters, measured every few steps
  int64_t images = 0;         ///< in the step
  StepPhases phases;
  std::vector<double>
      sample_latencies;  ///< seconds from reading each sample to the end of the step
};

/// How well one class is recognised.
struct ClassFigure {
  std::string name;
  double accuracy = 0;  ///< NaN for one without images
};

/// An image that a text found.
struct RetrievedImage {
  io::Image image;
  bool right = false;
};

/// A text and the images nearest to it, nearest first.
struct RetrievalExample {
  std::string query;
  int64_t rank = 0;  ///< from 1: of the first right image
  std::vector<RetrievedImage> images;
};

/// What one evaluation protocol found on one shard set.
struct TaskReport {
  std::string name;
  std::string protocol;                    ///< zero_shot or retrieval
  std::map<std::string, double> figures;   ///< "top1" -> 0.88
  std::vector<ClassFigure> classes;        ///< zero_shot
  std::vector<RetrievalExample> examples;  ///< retrieval: a few
};

/// What an evaluation found.
struct EvaluationReport {
  int64_t step = 0;
  std::vector<TaskReport> tasks;

  /// The figures of all tasks: "fashion/top1" -> 0.88.
  std::map<std::string, double> figures() const;
};

/// A data source that is read.
struct SourceReport {
  uint32_t index = 0;
  std::string name;
  uint64_t epoch = 0;
  std::string waits;  ///< what its reader waits for and will not come by itself; empty: nothing
};

/// A sample as the model will see it.
struct SampleReport {
  uint64_t slot = 0;
  uint32_t source = 0;
  std::string text;
  std::string prompt_template;  ///< that the text was put into; empty: none
  ops::Tensor image;            ///< f32 [S, S, 3], normalised
};

/// Something worth a line in the log of a job.
struct JobEvent {
  std::string kind;   ///< fault, back, quarantine, drain, attach, detach, producer
  std::string actor;  ///< that it happened to; empty: the job
  std::string text;
};

/// Hears what a job does: the terminal, the run log and the dashboards do. Called from any actor's
/// thread.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void on_step(const StepReport&) {}
  virtual void on_evaluation(const EvaluationReport&) {}
  virtual void on_checkpoint(int64_t /*step*/, const std::string& /*path*/) {}
  virtual void on_source(const SourceReport&) {}
  virtual void on_event(const JobEvent&) {}
  /// Whether on_sample() should be told of a sample now. Asked for each one, so it is cheap.
  virtual bool wants_sample() { return false; }
  virtual void on_sample(const SampleReport&) {}
};

/// Passes everything on to several observers, which outlive it.
class JobObservers : public JobObserver {
 public:
  explicit JobObservers(std::vector<JobObserver*> all) : all_(std::move(all)) {}

  void on_step(const StepReport& report) override;
  void on_evaluation(const EvaluationReport& report) override;
  void on_checkpoint(int64_t step, const std::string& path) override;
  void on_source(const SourceReport& report) override;
  void on_event(const JobEvent& event) override;
  bool wants_sample() override;
  void on_sample(const SampleReport& report) override;

 private:
  std::vector<JobObserver*> all_;
};

}  // namespace arno::graph

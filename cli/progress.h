// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>

#include "graph/job_observer.h"

namespace arno::cli {

/// Shows a training job on a terminal: one line that is drawn again in place (step, loss minus its
/// floor, images/s, time left). Where standard output is no terminal, a plain line every ten
/// seconds and at the last step.
class Progress final : public graph::JobObserver {
 public:
  /// `live`: redraw one line in place.
  Progress(std::FILE* out, bool live);
  ~Progress() override;

  void on_step(const graph::StepReport& report) override;
  void on_evaluation(const graph::EvaluationReport& report) override;
  void on_checkpoint(int64_t step, const std::string& path) override;

  /// Prints a whole line above the live one.
  void print_line(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  std::string describe(const graph::StepReport& report, double images_per_second) const;
  void write(const std::string& text);

  std::FILE* out_;
  bool live_;
  std::mutex mutex_;
  bool line_is_open_ = false;
  Clock::time_point last_shown_;
  Clock::time_point last_step_;
  double seconds_per_step_ = 0;  ///< exponential mean
  double excess_loss_ = 0;       ///< loss minus floor, exponential mean
  bool any_step_ = false;
};

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "graph/job_observer.h"

namespace arno::cli {

/// A step on the curves of a run.
struct HistoryPoint {
  int64_t step = 0;
  double loss = 0;
  double floor = 0;
  double learning_rate = 0;
  double images_per_second = 0;  ///< since the point before
  double grad_norm = 0;
  double temperature = 0;
};

/// The curves of a run in bounded memory: every stride-th step; when there are too many points,
/// every second one goes and the stride doubles.
class History {
 public:
  explicit History(size_t max_points) : max_points_(max_points) {}

  /// `at`: seconds of any clock, ascending.
  void add(double at, const graph::StepReport& report);

  int64_t stride() const { return stride_; }
  const std::vector<HistoryPoint>& points() const { return points_; }

 private:
  size_t max_points_;
  int64_t stride_ = 1;
  std::vector<HistoryPoint> points_;
  double last_at_ = -1;
  int64_t images_since_ = 0;
};

}  // namespace arno::cli

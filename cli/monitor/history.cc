// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor/history.h"

namespace arno::cli {

void History::add(double at, const graph::StepReport& report) {
  if (last_at_ < 0) last_at_ = at;
  images_since_ += report.images;
  if (report.step % stride_ != 0) return;
  const double seconds = at - last_at_;
  points_.push_back(
      {.step = report.step,
       .loss = report.loss,
       .floor = report.floor,
       .learning_rate = report.learning_rate,
       .images_per_second = seconds > 0 ? static_cast<double>(images_since_) / seconds : 0,
       .grad_norm = report.grad_norm,
       .temperature = report.temperature});
  last_at_ = at;
  images_since_ = 0;
  if (points_.size() <= max_points_) return;
  stride_ *= 2;
  std::erase_if(points_, [this](const HistoryPoint& point) { return point.step % stride_ != 0; });
}

}  // namespace arno::cli

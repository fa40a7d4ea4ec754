// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/duration.h"

namespace arno::cli {
namespace {

constexpr double kMemory = 0.95;  // of the exponential means
constexpr auto kLiveInterval = std::chrono::milliseconds(200);
constexpr auto kPlainInterval = std::chrono::seconds(10);
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

Progress::Progress(std::FILE* out, bool live) : out_(out), live_(live) {}

Progress::~Progress() {
  const std::scoped_lock lock(mutex_);
  if (line_is_open_) write("\n");
}

void Progress::on_step(const graph::StepReport& report) {
  const std::scoped_lock lock(mutex_);
  const Clock::time_point now = Clock::now();
  const double excess = report.loss - report.floor;
  if (any_step_) {
    const double seconds = std::chrono::duration<double>(now - last_step_).count();
    seconds_per_step_ =
        seconds_per_step_ == 0 ? seconds : kMemory * seconds_per_step_ + (1 - kMemory) * seconds;
  }
  excess_loss_ = any_step_ ? kMemory * excess_loss_ + (1 - kMemory) * excess : excess;
  any_step_ = true;
  last_step_ = now;
  const bool last = report.step == report.total_steps;
  const auto interval = live_ ? Clock::duration(kLiveInterval) : Clock::duration(kPlainInterval);
  if (!last && now - last_shown_ < interval) return;
  last_shown_ = now;
  const double rate =
      seconds_per_step_ > 0 ? static_cast<double>(report.images) / seconds_per_step_ : 0;
  write(fmt::format("{}{}{}", live_ ? kClearLine : "", describe(report, rate), live_ ? "" : "\n"));
  line_is_open_ = live_;
}

std::string Progress::describe(const graph::StepReport& report, double images_per_second) const {
  const double left = seconds_per_step_ * static_cast<double>(report.total_steps - report.step);
  return fmt::format(
      "[{}] step {}/{}  loss {:.4f} above floor  lr {:.2e}  {:.0f} images/s  {} left", report.stage,
      report.step, report.total_steps, excess_loss_, report.learning_rate, images_per_second,
      duration(left));
}

void Progress::on_evaluation(const graph::EvaluationReport& report) {
  std::string line = fmt::format("evaluation at step {}:", report.step);
  for (const auto& [name, value] : report.figures())
    line += fmt::format("  {} {:.4f}", name, value);
  print_line(line);
}

void Progress::on_checkpoint(int64_t step, const std::string& path) {
  print_line(fmt::format("saved step {} to {}", step, path));
}

void Progress::print_line(const std::string& line) {
  const std::scoped_lock lock(mutex_);
  write(fmt::format("{}{}\n", line_is_open_ ? kClearLine : "", line));
  line_is_open_ = false;
}

/// What nobody can read (a file on a full disk) stops no job.
void Progress::write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace arno::cli

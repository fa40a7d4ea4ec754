// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <mutex>

namespace arno::graph {

/// What a shell spends its time on.
enum class Activity {
  none,     ///< before the start and after the end
  busy,     ///< works, or has work and waits for a thread
  starved,  ///< waits for input
  blocked,  ///< waits for credit
  paused,   ///< failed, awaiting a decision
};
inline constexpr size_t kActivities = 5;

/// Where the time of a shell went, without gaps, up to the moment it is asked. Thread-safe.
class ShellTimes {
 public:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::array<double, kActivities>;  ///< by Activity

  /// From `now` on the shell does `what`.
  void enter(Activity what, Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    add_until(now, seconds_);
    what_ = what;
    since_ = now;
  }

  Seconds seconds(Clock::time_point now) const {
    const std::scoped_lock lock(mutex_);
    Seconds out = seconds_;
    add_until(now, out);
    return out;
  }

 private:
  void add_until(Clock::time_point now, Seconds& seconds) const {
    if (now > since_) {
      seconds[static_cast<size_t>(what_)] += std::chrono::duration<double>(now - since_).count();
    }
  }

  mutable std::mutex mutex_;
  Seconds seconds_{};
  Activity what_ = Activity::none;
  Clock::time_point since_ = Clock::now();
};

}  // namespace arno::graph

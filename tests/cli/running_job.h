// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "tests/cli/job_fixture.h"

namespace arno::cli {

/// Jobs that are looked at, or changed, while they run.
class RunningJobTest : public JobTest {
 protected:
  struct Running {
    std::string output;
    std::unique_ptr<Process> process;
  };

  /// A job of more steps than any test waits for.
  std::string endless() { return job({.steps = 100'000}); }
  /// Starts a job and waits until it takes orders.
  Running start(const std::string& job_file, const std::string& output, bool resume = false);
  /// Waits until the job has made so many more steps.
  void go_on(Running& job, int64_t steps_more);
  /// Waits until the job says this on its terminal.
  void wait_for(Running& job, const std::string& text);
  /// Ends the job in order.
  void stop(Running& job, const std::string& key = "");
  Finished attach(const Running& job, const std::string& patch);
  /// A patch with an evaluator, "judge", that ends in a list of edges.
  std::string judge(const std::string& vocabulary = "bpe") const;
  /// A job of this file, run afresh and left alone, must go through the same steps.
  void expect_same_curve(const std::string& output, const std::string& job_file);
};

}  // namespace arno::cli

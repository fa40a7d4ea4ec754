// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/cli/job_fixture.h"

namespace arno::cli {

/// Jobs on several processes.
class NodeTest : public JobTest {
 protected:
  struct Node {
    std::string name;
    std::unique_ptr<Process> process;
    std::string address;
  };

  /// `arno node` of this name, once it listens.
  Node start_node(const std::string& name, const std::string& key = "");
  /// A job file with these nodes. Actors of the kinds run on `local` and on all of them in turn.
  std::string on_nodes(const std::string& job_file, const std::vector<const Node*>& nodes,
                       const std::vector<std::string>& kinds, const std::string& key = "");
  /// The tiny job with decoders and augmenters on nodes as well.
  std::string job_on(const std::vector<const Node*>& nodes, int steps, const std::string& key = "");

  /// `arno run`, not waited for.
  std::unique_ptr<Process> start(const std::string& job_file, const std::string& output);
  /// Waits until the job has made so many more steps.
  void go_on(Process& process, const std::string& output, int64_t steps_more);
  void stop(Process& process, const std::string& output);
  /// A job of this file, left alone, must go through the same steps.
  void expect_curve_of(const std::string& output, const std::string& job_file);
  /// The losses of one run are, to rounding, the first ones of another.
  void expect_near_losses(const std::string& output, const std::string& other) const;

  int nodes_ = 0;  ///< started so far
};

}  // namespace arno::cli

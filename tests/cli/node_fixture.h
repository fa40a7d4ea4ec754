// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/cli/running_job.h"

namespace arno::cli {

/// Jobs on several processes.
class NodeTest : public RunningJobTest {
 protected:
  struct Node {
    std::string name;
    std::unique_ptr<Process> process;
    std::string address;
    std::string output;  ///< file of what it says
  };

  /// `arno node` of this name, once it listens.
  Node start_node(const std::string& name, const std::string& key = "");
  /// With more words on its command line.
  Node start_node(const std::string& name, std::vector<std::string> words,
                  const ProcessOptions& options);
  /// Where the node listens whose output this is; empty before it does.
  static std::string address_in(const std::string& output);
  /// Waits until a node says this.
  void wait_for(Node& node, const std::string& text);
  using RunningJobTest::wait_for;
  /// A job file with these nodes. Actors of the kinds run on `local` and on all of them in turn.
  std::string on_nodes(const std::string& job_file, const std::vector<const Node*>& nodes,
                       const std::vector<std::string>& kinds, const std::string& key = "");
  /// The tiny job with decoders and augmenters on nodes as well.
  std::string job_on(const std::vector<const Node*>& nodes, int steps, const std::string& key = "");

  /// The losses of one run are, to rounding, the first ones of another.
  void expect_near_losses(const std::string& output, const std::string& other) const;

  int nodes_ = 0;        ///< started so far
  std::string payload_;  ///< where launchers take items in; empty: on loopback
};

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/cli/node_fixture.h"
#include "tests/support/network.h"

namespace arno::cli {

/// Jobs on several hosts, each with its own network: what `arno` starts here is on the host "home".
/// Skipped where the machine cannot have such hosts. ARNO_NETWORK_SEED draws other losses.
class NetworkTest : public NodeTest {
 protected:
  void SetUp() override;

  /// `arno node` on this host, once it listens on its interface.
  Node start_node(const std::string& name, const testing::Host& host, const std::string& key = "");
  /// A patch that adds a decoder on a node to the job of job_on().
  static std::string decoder_on(const Node& node);
  /// A job with a replica of the model at home and one on each node. They trust the network.
  std::string replicas_on(const std::vector<const Node*>& nodes, TinyJob tiny,
                          const std::string& key = "");
  /// Waits until a job says this of a loss that begins now, and prints how long that took.
  void wait_for_loss(Running& job, const std::string& text);
  /// What a job has said on its terminal.
  std::string said(const Running& job) const;

  std::unique_ptr<testing::Network> network_;
  testing::Host home_;
};

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>

#include "tests/cli/node_fixture.h"

// Replicas of a model on several processes: what is lost, joins or leaves changes no step.
namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class NodeReplicasTest : public NodeTest {
 protected:
  /// A job of so many replicas, the first of which is here and the others on nodes in turn.
  std::string replicas_on(const std::vector<const Node*>& nodes, const TinyJob& tiny) {
    return on_nodes(job(tiny), nodes, {"model_shard", "contrastive_loss", "gradient_allreduce"});
  }

  std::unique_ptr<Process> start(const std::string& job_file, const std::string& output) {
    return std::make_unique<Process>(
        std::vector<std::string>{"run", job_file, "--output", path(output)}, path(output + ".txt"));
  }

  /// Waits until the job has made so many more steps.
  void go_on(Process& process, const std::string& output, int64_t steps_more) {
    const int64_t wanted = logged_steps(output) + steps_more;
    ASSERT_TRUE(wait_until(process, [&] { return logged_steps(output) >= wanted; }))
        << process.wait().text;
  }

  void stop(Process& process, const std::string& output) {
    EXPECT_EQ(arno({"stop", path(output)}).code, 0);
    const Finished ended = process.wait();
    EXPECT_EQ(ended.code, 0) << ended.text;
  }

  /// A job of this file, left alone, must go through the same steps.
  void expect_curve_of(const std::string& output, const std::string& job_file) {
    const std::string other = output + "_undisturbed";
    const auto process = start(job_file, other);
    go_on(*process, other, logged_steps(output));
    stop(*process, other);
    EXPECT_THAT(log(other), StartsWith(log(output)));
  }
};

TEST_F(NodeReplicasTest, TwoNodesGiveTheCurveOfOneProcess) {
  const Node alpha = start_node("alpha");
  const Node beta = start_node("beta");
  const TinyJob tiny{.batch_size = 9, .model_replicas = 3, .model_options = "zero: 2"};

  const Finished on_nodes = run(replicas_on({&alpha, &beta}, tiny), "nodes");
  const Finished alone = run(job(tiny), "alone");

  ASSERT_EQ(on_nodes.code, 0) << on_nodes.text;
  ASSERT_EQ(alone.code, 0) << alone.text;
  EXPECT_EQ(log("nodes"), log("alone"));
  EXPECT_EQ(final_weights("nodes"), final_weights("alone"));
  // What was spread over nodes goes on on them from the checkpoint, which they cannot see.
  std::filesystem::remove_all(folder_.path() / "nodes/checkpoints/step-00000012");
  const Finished resumed = run(replicas_on({&beta, &alpha}, tiny), "nodes", /*resume=*/true);
  ASSERT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_EQ(log("nodes"), log("alone"));
  EXPECT_EQ(final_weights("nodes"), final_weights("alone"));
}

/// How a node goes, and what the state is spread over.
struct Loss {
  std::string name;
  int signal;
  std::string options;
};

class LostReplicaTest : public NodeReplicasTest, public ::testing::WithParamInterface<Loss> {};

TEST_P(LostReplicaTest, TheJobGoesBackAndTheCurveStays) {
  const Node alpha = start_node("alpha");
  const Node beta = start_node("beta");
  const TinyJob tiny{.steps = 100'000,
                     .batch_size = 9,
                     .checkpoint_every = 20,
                     .model_replicas = 3,
                     .model_options = GetParam().options};
  const auto running = start(replicas_on({&alpha, &beta}, tiny), "run");
  go_on(*running, "run", 25);

  alpha.process->signal(GetParam().signal);
  ASSERT_TRUE(wait_until(*running, [&] {
    return io::read_text(path("run.txt")).find("node alpha was lost: back to step") !=
           std::string::npos;
  })) << running->wait().text;
  go_on(*running, "run", 30);
  stop(*running, "run");

  expect_curve_of("run", job(tiny));
}

INSTANTIATE_TEST_SUITE_P(Node, LostReplicaTest,
                         ::testing::Values(Loss{"Killed", SIGKILL, "zero: 0"},
                                           Loss{"Silent", SIGSTOP, "zero: 0"},
                                           Loss{"KilledWithSpreadState", SIGKILL, "zero: 3"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace arno::cli

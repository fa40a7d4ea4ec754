// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>

#include "florence/training/checkpoint.h"
#include "tests/cli/node_fixture.h"

// Replicas of a model on several processes: what is lost, joins or leaves changes no step.
namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;

class NodeReplicasTest : public NodeTest {
 protected:
  /// A job of so many replicas, the first of which is here and the others on nodes in turn.
  std::string replicas_on(const std::vector<const Node*>& nodes, const TinyJob& tiny,
                          const std::string& key = "") {
    return on_nodes(job(tiny), nodes, {"model_shard", "contrastive_loss", "gradient_allreduce"},
                    key);
  }

  /// Like expect_same_curve, but that a step may be missing.
  void expect_steps_of(const std::string& output, const std::string& job_file) {
    Running other = start(job_file, output + "_undisturbed");
    go_on(other, logged_steps(output) + 1);
    stop(other);
    EXPECT_THAT(step_lines(other.output), IsSupersetOf(step_lines(output)));
  }

  /// Like expect_same_curve, to rounding.
  void expect_near_curve_of(const std::string& output, const std::string& job_file) {
    const std::string other = output + "_undisturbed";
    Running process = start(job_file, other);
    go_on(process, logged_steps(output));
    stop(process);
    expect_near_losses(output, other);
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

TEST_F(NodeReplicasTest, EncryptionChangesNothing) {
  for (const char* key : {"key", "other_key"}) {
    ASSERT_EQ(arno({"key", "new", "--out", path(key)}).code, 0);
  }
  const Node alpha = start_node("alpha", path("key"));
  const TinyJob tiny{.batch_size = 8, .model_replicas = 2};

  const Finished encrypted = run(replicas_on({&alpha}, tiny, path("key")), "encrypted");
  const Finished alone = run(job(tiny), "alone");

  ASSERT_EQ(encrypted.code, 0) << encrypted.text;
  ASSERT_EQ(alone.code, 0) << alone.text;
  EXPECT_EQ(log("encrypted"), log("alone"));
  EXPECT_EQ(final_weights("encrypted"), final_weights("alone"));
  // The launcher has said that the job is at its end.
  EXPECT_THAT(io::read_text(alpha.output), Not(HasSubstr("saved")));
  const Finished refused = run(replicas_on({&alpha}, tiny, path("other_key")), "refused");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.text, HasSubstr("node alpha: nobody answers at"));
}

/// What the state is spread over: replicas join and leave all the same.
class JoiningReplicaTest : public NodeReplicasTest,
                           public ::testing::WithParamInterface<const char*> {};

TEST_P(JoiningReplicaTest, JoinsARunningJobAndLeaves) {
  const Node alpha = start_node("alpha");
  const Node beta = start_node("beta");
  const TinyJob tiny{.steps = 100'000,
                     .batch_size = 12,
                     .checkpoint_every = 1000,
                     .model_replicas = 2,
                     .model_options = GetParam()};
  Running running = start(replicas_on({&alpha}, tiny), "run");
  go_on(running, 3);
  io::write_text(
      path("patch.yaml"),
      fmt::format("nodes: {{beta: {{address: '{}'}}}}\n"
                  "actors:\n"
                  "  model: {{replicas: 3, nodes: [beta]}}\n"
                  "  loss: {{replicas: 3, nodes: [beta]}}\n"
                  "  reduce: {{replicas: 3, nodes: [beta]}}\n"
                  "edges:\n"
                  "  - {{from: reduce.gradients, to: model.group, capacity: 3}}\n"
                  "  - {{from: reduce.features, to: loss.group, capacity: 3}}\n"
                  "  - {{from: batch.batches, to: model.batches, capacity: 3}}\n"
                  "  - {{from: model.features, to: loss.features, capacity: 3}}\n"
                  "  - {{from: loss.gradients, to: model.gradients, capacity: 3}}\n"
                  "  - {{from: model.snapshots, to: save.snapshots, capacity: 3}}\n"
                  "  - {{from: model.evaluations, to: evaluate.snapshots, capacity: 3}}\n",
                  beta.address));

  const Finished joined = arno({"attach", path("run"), path("patch.yaml")});
  EXPECT_EQ(joined.code, 0);
  EXPECT_THAT(joined.text,
              AllOf(HasSubstr("+ model[2] (model_shard) on node beta\n"),
                    HasSubstr("+ loss[2] (contrastive_loss) on node beta\n"),
                    HasSubstr("+ reduce[2] (gradient_allreduce) on node beta\n"),
                    HasSubstr("~ the graph starts anew from the last step that is finished\n")));
  go_on(running, 5);
  wait_for_status(*running.process, "run", HasSubstr("beta"));

  const Finished left = arno({"detach", path("run"), "model[2]"});
  EXPECT_EQ(left.code, 0);
  EXPECT_THAT(left.text,
              AllOf(HasSubstr("- model[2]"), HasSubstr("- loss[2]"), HasSubstr("- reduce[2]")));
  go_on(running, 3);
  EXPECT_EQ(arno({"detach", path("run"), "model[1]"}).code, 0);
  go_on(running, 3);
  stop(running);

  // No step is made twice: a restart is told of with the step that it goes on from.
  const std::string said = io::read_text(path("run.txt"));
  EXPECT_THAT(said, Not(HasSubstr("on from step 0\n")));
  expect_near_curve_of("run", job(tiny));
}

INSTANTIATE_TEST_SUITE_P(Zero, JoiningReplicaTest, ::testing::Values("zero: 0", "zero: 2"),
                         [](const auto& info) { return fmt::format("{}", info.param[6]); });

TEST_F(NodeReplicasTest, TheStateOutlivesTheLauncher) {
  Node alpha = start_node("alpha");
  Node beta = start_node("beta");
  const TinyJob tiny{
      .steps = 100'000, .batch_size = 9, .checkpoint_every = 1000, .model_replicas = 3};
  Running lost = start(replicas_on({&alpha, &beta}, tiny), "run");
  go_on(lost, 10);

  lost.process->signal(SIGKILL);
  lost.process->wait();
  const int64_t told = logged_steps("run");
  // At once: it waits for what they save.
  Running resumed = start(replicas_on({&alpha, &beta}, tiny), "run", /*resume=*/true);

  // One of them comes first.
  for (Node* node : {&alpha, &beta}) wait_for(*node, "saved");
  const auto saved = florence::list_checkpoints(folder_.path() / "run");
  ASSERT_FALSE(saved.empty());
  // The replicas may have finished a step of which the launcher did not come to tell.
  EXPECT_GE(saved.front().step, told - 1);
  EXPECT_LE(saved.front().step, told + 1);
  wait_for(resumed, fmt::format("resumed at step {}", saved.back().step));
  go_on(resumed, 10);
  stop(resumed);
  expect_steps_of("run", job(tiny));
}

TEST_F(NodeReplicasTest, ABadPatchLeavesTheGroupAsItIs) {
  const Node alpha = start_node("alpha");
  const TinyJob tiny{.steps = 100'000, .model_replicas = 2};
  Running running = start(replicas_on({&alpha}, tiny), "run");
  go_on(running, 2);
  const auto attach = [&](const std::string& patch) {
    io::write_text(path("patch.yaml"), patch);
    return arno({"attach", path("run"), path("patch.yaml")}).text;
  };

  EXPECT_THAT(
      attach("actors: {model: {replicas: 3}, loss: {replicas: 3}, reduce: {replicas: 3}}\n"),
      HasSubstr("found 8, expected a multiple of the 3 replicas of \"model\""));
  EXPECT_THAT(attach("actors: {model: {replicas: 4}}\n"),
              HasSubstr("found 2 replicas of \"reduce\" and 4 of \"model\""));
  EXPECT_THAT(attach("nodes: {nowhere: {address: '127.0.0.1:1'}}\n"
                     "actors: {model: {replicas: 4, nodes: [nowhere]}, loss: {replicas: 4, nodes: "
                     "[nowhere]}, reduce: {replicas: 4, nodes: [nowhere]}}\n"
                     "edges:\n"
                     "  - {from: reduce.gradients, to: model.group, capacity: 4}\n"
                     "  - {from: reduce.features, to: loss.group, capacity: 4}\n"
                     "  - {from: batch.batches, to: model.batches, capacity: 4}\n"
                     "  - {from: model.features, to: loss.features, capacity: 4}\n"
                     "  - {from: loss.gradients, to: model.gradients, capacity: 4}\n"
                     "  - {from: model.snapshots, to: save.snapshots, capacity: 4}\n"
                     "  - {from: model.evaluations, to: evaluate.snapshots, capacity: 4}\n"),
              HasSubstr("node nowhere: nobody answers at 127.0.0.1:1"));
  go_on(running, 2);
  stop(running);
  EXPECT_THAT(io::read_text(path("run.txt")), Not(HasSubstr("starts anew")));

  expect_same_curve("run", job(tiny));
}

/// How a node goes, and what the state is spread over.
struct Loss {
  std::string name;
  int signal;
  std::string options;
  bool with_key = false;
};

class LostReplicaTest : public NodeReplicasTest, public ::testing::WithParamInterface<Loss> {};

TEST_P(LostReplicaTest, TheJobGoesBackAndTheCurveStays) {
  const std::string key = GetParam().with_key ? path("key") : "";
  if (!key.empty()) {
    ASSERT_EQ(arno({"key", "new", "--out", key}).code, 0);
  }
  const Node alpha = start_node("alpha", key);
  const Node beta = start_node("beta", key);
  const TinyJob tiny{.steps = 100'000,
                     .batch_size = 9,
                     .checkpoint_every = 20,
                     .model_replicas = 3,
                     .model_options = GetParam().options};
  Running running = start(replicas_on({&alpha, &beta}, tiny, key), "run");
  go_on(running, 25);

  alpha.process->signal(GetParam().signal);
  wait_for(running, "node alpha was lost: back to step");
  go_on(running, 30);
  stop(running, key);

  expect_same_curve("run", job(tiny));
}

INSTANTIATE_TEST_SUITE_P(Node, LostReplicaTest,
                         ::testing::Values(Loss{"Killed", SIGKILL, "zero: 0"},
                                           Loss{"Silent", SIGSTOP, "zero: 0"},
                                           Loss{"SilentWithAKey", SIGSTOP, "zero: 0", true},
                                           Loss{"KilledWithSpreadState", SIGKILL, "zero: 3"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>

#include "tests/cli/network_fixture.h"

// Jobs on several hosts whose links are slow, lossy or cut.
namespace arno::cli {
namespace {

using ::testing::HasSubstr;
using testing::Host;
using ::testing::Not;
using std::chrono_literals::operator""ms;

TEST_F(NetworkTest, ASlowLossyLinkGivesTheCurveOfOneProcess) {
  ASSERT_EQ(arno({"key", "new", "--out", path("key")}).code, 0);
  const Host far = network_->add_host();
  network_->set_delay(home_, far, 20ms);
  network_->set_loss(home_, far, 0.01);
  const Node alpha = start_node("alpha", far, path("key"));

  const Finished on_hosts = run(job_on({&alpha}, 40, path("key")), "hosts");
  const Finished alone = run(job({.steps = 40}), "alone");

  ASSERT_EQ(on_hosts.code, 0) << on_hosts.text;
  ASSERT_EQ(alone.code, 0) << alone.text;
  EXPECT_THAT(on_hosts.text, Not(HasSubstr("was lost")));
  EXPECT_EQ(log("hosts"), log("alone"));
}

TEST_F(NetworkTest, AShortCutLosesNobody) {
  const Host far = network_->add_host();
  const Node alpha = start_node("alpha", far);
  Running job = start(job_on({&alpha}, 100'000), "run");
  go_on(job, 4);

  network_->cut(home_, far, 500ms);
  go_on(job, 30);

  EXPECT_THAT(said(job), Not(HasSubstr("was lost")));
  stop(job);
  expect_same_curve("run", NetworkTest::job({.steps = 100'000}));
}

/// Which directions of the link are cut.
struct Cut {
  std::string name;
  bool to_node;
  bool from_node;
};

class CutLinkTest : public NetworkTest, public ::testing::WithParamInterface<Cut> {};

TEST_P(CutLinkTest, TheNodeIsLostAndComesBackWhenTheLinkIsHealed) {
  const Host far = network_->add_host();
  Node alpha = start_node("alpha", far);
  Running job = start(job_on({&alpha}, 100'000), "run");
  go_on(job, 4);

  if (GetParam().to_node) network_->cut_way(home_, far);
  if (GetParam().from_node) network_->cut_way(far, home_);
  wait_for_loss(job, "node alpha was lost");
  go_on(job, 8);
  network_->heal(home_, far);
  wait_for(alpha, "its actors here end");
  const Finished joined = attach(job, decoder_on(alpha));
  go_on(job, 20);
  stop(job);

  EXPECT_THAT(joined.text, HasSubstr("+ decode[3] (decoder) on node alpha\n"))
      << said(job) << "\nthe node:\n"
      << io::read_text(alpha.output);
  expect_same_curve("run", NetworkTest::job({.steps = 100'000}));
}

INSTANTIATE_TEST_SUITE_P(Network, CutLinkTest,
                         ::testing::Values(Cut{"BothWays", true, true},
                                           Cut{"ToTheNode", true, false},
                                           Cut{"FromTheNode", false, true}),
                         [](const auto& info) { return info.param.name; });

TEST_F(NetworkTest, NodesThatAreCutFromEachOtherCostOneOfThem) {
  const Host near = network_->add_host();
  const Host far = network_->add_host();
  const Node alpha = start_node("alpha", near);
  const Node beta = start_node("beta", far);
  Running job = start(job_on({&alpha, &beta}, 100'000), "run");
  go_on(job, 4);

  network_->cut(near, far);
  wait_for_loss(job, "was lost: the link between");
  go_on(job, 8);
  stop(job);

  expect_same_curve("run", NetworkTest::job({.steps = 100'000}));
}

class ReplicasOnHostsTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    near_ = network_->add_host();
    far_ = network_->add_host();
  }
  void start_replicas() {
    alpha_ = start_node("alpha", near_, key_);
    beta_ = start_node("beta", far_, key_);
    job_ = start(replicas_on({&alpha_, &beta_}, kTiny, key_), "run");
    go_on(job_, 8);
  }
  void expect_that_it_goes_on() {
    go_on(job_, 8);
    stop(job_, key_);
    expect_same_curve("run", job(kTiny));
  }

  static inline const TinyJob kTiny{.steps = 100'000, .batch_size = 9, .model_replicas = 3};
  std::string key_;  ///< folder; empty: none
  Host near_;
  Host far_;
  Node alpha_;
  Node beta_;
  Running job_;
};

TEST_F(ReplicasOnHostsTest, OneThatIsCutOffLeavesItsGroup) {
  start_replicas();
  network_->cut(home_, near_);
  network_->cut(far_, near_);
  wait_for_loss(job_, "node alpha was lost: back to step");
  // Its launcher lives.
  wait_for(alpha_, "was not saved: [directory_lock] another job");
  expect_that_it_goes_on();
}

TEST_F(ReplicasOnHostsTest, OfTwoThatAreCutFromEachOtherOneLeaves) {
  start_replicas();
  network_->cut(far_, near_);
  wait_for_loss(job_, "was lost: back to step");
  expect_that_it_goes_on();
}

TEST_F(ReplicasOnHostsTest, OfTwoWithAKeyThatAreCutFromEachOtherOneLeaves) {
  key_ = path("key");
  ASSERT_EQ(arno({"key", "new", "--out", key_}).code, 0);
  start_replicas();
  network_->cut(far_, near_);
  wait_for_loss(job_, "was lost: back to step");
  expect_that_it_goes_on();
}

TEST_F(ReplicasOnHostsTest, AShortCutLosesNoStep) {
  start_replicas();
  network_->cut(home_, near_, 500ms);
  network_->cut(far_, near_, 500ms);
  expect_that_it_goes_on();
  EXPECT_THAT(said(job_), Not(HasSubstr("was lost")));
}

TEST_F(NetworkTest, ANodeThatLostItsLauncherWorksForTheOneThatTakesOver) {
  const Host far = network_->add_host();
  Node alpha = start_node("alpha", far);
  const std::string file_of_job = job_on({&alpha}, 12);
  Running job = start(job_on({&alpha}, 100'000), "first");
  go_on(job, 4);

  // Nothing of the launcher's end reaches the node.
  network_->cut(home_, far);
  job.process->signal(SIGKILL);
  job.process->wait();
  wait_for(alpha, "its actors here end");
  network_->heal(home_, far);

  const Finished taken_over = run(file_of_job, "run");
  EXPECT_EQ(taken_over.code, 0) << taken_over.text;
  EXPECT_EQ(run(NetworkTest::job(), "alone").code, 0);
  EXPECT_EQ(log("run"), log("alone"));
}

TEST_F(NetworkTest, ReplicasOnHostsNeedAKeyOrATrustedNetwork) {
  ASSERT_EQ(arno({"key", "new", "--out", path("key")}).code, 0);
  const std::vector<std::string> kinds{"model_shard", "contrastive_loss", "gradient_allreduce"};
  const TinyJob tiny{.model_replicas = 2};
  const Host far = network_->add_host();
  const Node open = start_node("open", far);
  const Node closed = start_node("closed", far, path("key"));

  const Finished refused = run(on_nodes(job(tiny), {&open}, kinds), "refused");
  const Finished encrypted = run(on_nodes(job(tiny), {&closed}, kinds, path("key")), "encrypted");
  const Finished alone = run(job(tiny), "alone");

  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.text, HasSubstr("in the clear; give the job a key (arno key new)"));
  ASSERT_EQ(encrypted.code, 0) << encrypted.text;
  ASSERT_EQ(alone.code, 0) << alone.text;
  EXPECT_EQ(log("encrypted"), log("alone"));
}

TEST_F(NetworkTest, AHostThatDoesNotAnswerIsOneLine) {
  const Host far = network_->add_host();
  const Node alpha = start_node("alpha", far);
  network_->cut(home_, far);

  const Finished refused = run(job_on({&alpha}, 12), "refused");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.text, HasSubstr("node alpha: nobody answers at " + alpha.address));

  Running job = start(endless(), "run");
  const Finished not_joined = attach(job, decoder_on(alpha));
  EXPECT_EQ(not_joined.code, 1);
  EXPECT_THAT(not_joined.text, HasSubstr("node alpha: nobody answers at " + alpha.address));
  go_on(job, 4);
  stop(job);
}

}  // namespace
}  // namespace arno::cli

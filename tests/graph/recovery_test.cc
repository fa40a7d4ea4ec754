// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <mutex>
#include <numeric>
#include <thread>

#include "graph/job.h"
#include "tests/graph/toy_kinds.h"

// Jobs that lose state and go back. The toy graph has no commits, so it begins from the start.
namespace arno::graph {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Outcome = JobResult::Outcome;

class RecordingObserver final : public JobObserver {
 public:
  void on_step(const StepReport& report) override {
    const std::scoped_lock lock(mutex);
    steps.push_back(report.step);
  }
  void on_event(const JobEvent& event) override {
    const std::scoped_lock lock(mutex);
    if (event.kind == "back") returns.push_back(event.text);
  }

  std::mutex mutex;  ///< of what several replicas tell
  std::vector<int64_t> steps;
  std::vector<std::string> returns;
};

std::string job_yaml(int64_t count, int members = 1, bool spread = false) {
  return fmt::format(
      "job: toy\noutput: nowhere\nactors:\n  src: {{kind: count, options: {{count: {}}}}}\n"
      "  model: {{kind: member, replicas: {}, options: {{fail_on: 50, spread: {}}}}}\n  end: "
      "{{kind: sink}}\n"
      "edges:\n  - {{from: src.out, to: model.in, capacity: 64}}\n"
      "  - {{from: model.out, to: end.in, capacity: 8}}\n",
      count, members, spread);
}

class RecoveryTest : public ::testing::Test {
 protected:
  std::unique_ptr<Job> started(const std::string& yaml) {
    Plan plan = plan_of(yaml, registry_);
    StageContext context = base_context(plan.config);
    context.observer = &observer_;
    auto job = std::make_unique<Job>(std::move(plan), context);
    job->start();
    return job;
  }

  Ledger ledger_;
  Registry registry_ = toy_registry(ledger_);
  RecordingObserver observer_;
};

TEST_F(RecoveryTest, ABrokenGroupStartsTheGraphAnewAndNoStepIsToldTwice) {
  ledger_.set_failures(1);

  const JobResult result = started(job_yaml(100))->wait();

  EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
  std::vector<int64_t> all(100);
  std::iota(all.begin(), all.end(), 1);
  EXPECT_EQ(observer_.steps, all);
  EXPECT_THAT(observer_.returns, ElementsAre("model: rank 1 of 2 is gone: back to step 0"));
  // The sink went on: it saw the beginning twice, and the end once.
  const std::vector<int64_t> seen = ledger_.noted("end");
  EXPECT_EQ(std::ranges::count(seen, 99), 1);
  EXPECT_EQ(std::ranges::count(seen, 0), 2);
}

TEST_F(RecoveryTest, AJobThatMakesNoStepStops) {
  ledger_.set_failures(1000);

  const JobResult result = started(job_yaml(100))->wait();

  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error,
            "the job went back 3 times without making a step; the last time because model: rank 1 "
            "of 2 is gone");
  EXPECT_EQ(observer_.returns.size(), 3U);
  EXPECT_EQ(observer_.steps.size(), 50U);
}

TEST_F(RecoveryTest, ReplicasThatKeepStateJoinAndLeave) {
  const auto job = started(job_yaml(1'000'000'000));
  ledger_.wait_for("end", 100);

  for (const int members : {3, 1, 2}) {
    job->change(plan_of(job_yaml(1'000'000'000, members), registry_));
    EXPECT_EQ(job->status().actors.size(), static_cast<size_t>(members) + 2);
    ledger_.wait_for("end", ledger_.noted("end").size() + 100);
  }

  job->drain();
  EXPECT_EQ(job->wait().outcome, Outcome::drained);
  EXPECT_THAT(observer_.returns, ElementsAre("the replicas change: on from step 0",
                                             "the replicas change: on from step 0",
                                             "the replicas change: on from step 0"));
}

TEST_F(RecoveryTest, StateThatIsSpreadComesToTheEndOfWhatIsUnderWayFirst) {
  const auto job = started(job_yaml(1'000'000'000, 1, /*spread=*/true));
  ledger_.wait_for("end", 100);

  job->change(plan_of(job_yaml(1'000'000'000, 2, /*spread=*/true), registry_));

  // The first start has had all that it issued, and the next one begins.
  const std::vector<int64_t> issued = ledger_.noted("issued");
  const auto again = std::ranges::find(issued.begin() + 1, issued.end(), 0);
  const std::vector<int64_t> first(issued.begin(), again);
  std::vector<int64_t> seen = ledger_.noted("end");
  ASSERT_GE(seen.size(), first.size());
  seen.resize(first.size());
  EXPECT_EQ(seen, first);
  job->drain();
  EXPECT_EQ(job->wait().outcome, Outcome::drained);
  EXPECT_THAT(observer_.returns, ElementsAre("the replicas change: on from step 0"));
}

TEST_F(RecoveryTest, AShadowDoesNotEndTheJobWhileTheGraphStartsAnew) {
  const auto watched = [](int members) {
    std::string out = job_yaml(1'000'000'000, members, /*spread=*/true);
    out.insert(out.find("edges:"), "  look: {kind: sink}\n");
    return out + "  - {from: model.out, to: look.in, capacity: 8, tap: shadow}\n";
  };
  const auto job = started(watched(1));
  for (int change = 0; change < 20; ++change) {
    ledger_.wait_for("end", ledger_.noted("end").size() + 10);
    job->change(plan_of(watched(1 + (change + 1) % 2), registry_));
  }

  job->drain();
  EXPECT_EQ(job->wait().outcome, Outcome::drained);
  EXPECT_EQ(observer_.returns.size(), 20U);
}

TEST_F(RecoveryTest, SpreadStateThatIsLostOnItsWayToTheEndGoesBack) {
  ledger_.set_failures(1);
  const auto job = started(job_yaml(1'000'000'000, 1, /*spread=*/true));
  // What the member fails on is under way.
  ledger_.wait_for("issued", 51);

  job->change(plan_of(job_yaml(1'000'000'000, 2, /*spread=*/true), registry_));

  ledger_.wait_for("end", 100);
  job->drain();
  EXPECT_EQ(job->wait().outcome, Outcome::drained);
}

TEST_F(RecoveryTest, AJobDrainsWhileSpreadStateComesToItsEnd) {
  const auto job = started(job_yaml(1'000'000'000, 1, /*spread=*/true));
  ledger_.wait_for("end", 10);
  std::jthread other([&] { job->drain(); });
  try {
    job->change(plan_of(job_yaml(1'000'000'000, 2, /*spread=*/true), registry_));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::cancelled);
  }

  EXPECT_EQ(job->wait().outcome, Outcome::drained);
}

TEST_F(RecoveryTest, AJobThatDrainsGoesBackAndDrains) {
  ledger_.set_failures(1);
  const auto job = started(job_yaml(1'000'000'000));
  // What the member fails on is under way.
  ledger_.wait_for("issued", 51);
  job->drain();

  EXPECT_EQ(job->wait().outcome, Outcome::drained);

  EXPECT_EQ(observer_.returns.size(), 1U);
  EXPECT_THROW(job->change(plan_of(job_yaml(50, 2), registry_)), Error);
}

TEST_F(RecoveryTest, AJobCanBeDestroyedWhileItGoesBack) {
  ledger_.set_failures(2);
  const auto job = started(job_yaml(1'000'000'000));
  ledger_.wait_for("end", 51);
}

}  // namespace
}  // namespace arno::graph

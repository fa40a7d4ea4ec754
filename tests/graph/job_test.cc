// SPDX-License-Identifier: Apache-2.0
#include "graph/job.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <sstream>

#include "tests/graph/toy_kinds.h"

// Whole jobs on real threads. No check depends on how fast they run.
namespace arno::graph {
namespace {

using Outcome = JobResult::Outcome;

/// src -> map -> two branches -> join -> end: five stages, some of them several times.
std::string five_stages(int64_t count, const std::string& map = "") {
  return fmt::format(
      "job: toy\noutput: o\nworkers: 3\nactors:\n"
      "  src: {{kind: count, options: {{count: {}}}}}\n"
      "  map: {{kind: pass, replicas: 2{}}}\n  fork: {{kind: twice}}\n"
      "  join: {{kind: join}}\n  end: {{kind: sink, replicas: 2}}\n"
      "edges:\n  - {{from: src.out, to: map.in, capacity: 64}}\n"
      "  - {{from: map.out, to: fork.in, capacity: 64}}\n"
      "  - {{from: fork.a, to: join.left, capacity: 32}}\n"
      "  - {{from: fork.b, to: join.right, capacity: 32}}\n"
      "  - {{from: join.out, to: end.in, capacity: 64}}\n",
      count, map);
}

class JobTest : public ::testing::Test {
 protected:
  std::unique_ptr<Job> job_of(const std::string& yaml) {
    Plan plan = plan_of(yaml, registry_);
    const StageContext context = base_context(plan.config);
    return std::make_unique<Job>(std::move(plan), context);
  }

  Ledger ledger_;
  Registry registry_ = toy_registry(ledger_, Scheduling::detached);
};

TEST_F(JobTest, BringsEveryItemThroughFiveStages) {
  constexpr int64_t kItems = 100'000;
  const auto job = job_of(five_stages(kItems));
  job->start();

  const JobResult result = job->wait();

  EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
  std::vector<int64_t> expected(kItems);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(ledger_.sorted("end"), expected);
  EXPECT_EQ(ledger_.noted("ended").size(), 2u);
}

TEST_F(JobTest, AccountsForAllTime) {
  const auto begin = std::chrono::steady_clock::now();
  const auto job = job_of(five_stages(5000));
  job->start();
  job->wait();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;

  int64_t through_map = 0;
  for (const ActorStatus& status : job->status().actors) {
    const double total = status.busy_s + status.starved_s + status.blocked_s + status.paused_s;
    EXPECT_GT(status.busy_s, 0) << status.actor;
    EXPECT_LE(total, wall.count() * 1.000001) << status.actor;
    if (status.actor == "map") through_map += status.items;
  }
  EXPECT_EQ(through_map, 5000);
}

TEST_F(JobTest, DrainsFromAnotherThread) {
  const auto job = job_of(five_stages(1'000'000'000));
  job->start();
  ledger_.wait_for("end", 1000);
  job->drain();

  EXPECT_EQ(job->wait().outcome, Outcome::drained);

  EXPECT_EQ(ledger_.sorted("end"), ledger_.sorted("issued"));
}

TEST_F(JobTest, MoreReplicasJoinAndLeaveWhileItRuns) {
  const auto job = job_of(five_stages(1'000'000'000));
  job->start();
  ledger_.wait_for("end", 1000);

  for (const char* replicas : {"4", "1", "3"}) {
    std::string yaml = five_stages(1'000'000'000);
    yaml.replace(yaml.find("replicas: 2") + 10, 1, replicas);
    job->change(plan_of(yaml, registry_));

    EXPECT_EQ(std::ranges::count(job->status().actors, "map", &ActorStatus::actor),
              std::stoi(replicas));
    ledger_.wait_for("end", ledger_.noted("end").size() + 1000);
  }

  for (const ActorStatus& status : job->status().actors)
    EXPECT_GT(status.items + status.sent_items, 0);
  job->drain();
  EXPECT_EQ(job->wait().outcome, Outcome::drained);
  EXPECT_EQ(ledger_.sorted("end"), ledger_.sorted("issued"));
}

TEST_F(JobTest, AReplicaThatComesBackCountsOn) {
  const std::string two = five_stages(1'000'000'000);
  std::string one = two;
  one.replace(one.find("replicas: 2"), 11, "replicas: 1");
  monitoring::MetricRegistry metrics(monitoring::Labels{});
  Plan plan = plan_of(two, registry_);
  StageContext context = base_context(plan.config);
  context.metrics = &metrics;
  Job job(std::move(plan), context);
  // All the time that is shown of the second replica of "map".
  const auto shown = [&] {
    std::istringstream text(metrics.to_text());
    double out = 0;
    for (std::string line; std::getline(text, line);) {
      if (line.find("_seconds_total{actor=\"map\"") == std::string::npos) continue;
      if (line.find("replica=\"1\"") == std::string::npos) continue;
      out += std::stod(line.substr(line.rfind(' ')));
    }
    return out;
  };
  job.start();
  ledger_.wait_for("end", 20'000);
  job.change(plan_of(one, registry_));
  const double left_at = shown();
  EXPECT_GT(left_at, 0);

  job.change(plan_of(two, registry_));
  ledger_.wait_for("end", ledger_.noted("end").size() + 100);

  EXPECT_GT(shown(), left_at);
  job.drain();
  EXPECT_EQ(job.wait().outcome, Outcome::drained);
  const JobStatus last = job.status();
  EXPECT_EQ(last.edges[0].items, last.edges[1].items) << "what came to map and what it sent";
}

TEST_F(JobTest, ATapJoinsAndLeaves) {
  const std::string plain = five_stages(1'000'000'000);
  std::string tapped = plain + "  - {from: map.out, to: tap.in, capacity: 8}\n";
  tapped.insert(tapped.find("edges:"), "  tap: {kind: sink}\n");
  const auto job = job_of(plain);
  job->start();

  job->change(plan_of(tapped, registry_));
  ledger_.wait_for("tap", 100);
  job->change(plan_of(plain, registry_));
  const size_t seen = ledger_.noted("tap").size();
  ledger_.wait_for("end", ledger_.noted("end").size() + 1000);

  EXPECT_EQ(ledger_.noted("tap").size(), seen);
  EXPECT_EQ(job->plan()->actors.size(), 5u);
  job->drain();
  EXPECT_EQ(job->wait().outcome, Outcome::drained);
  EXPECT_EQ(ledger_.sorted("end"), ledger_.sorted("issued"));
}

TEST_F(JobTest, AJobThatEndsTakesNoChange) {
  const auto job = job_of(five_stages(10));
  job->start();
  ASSERT_EQ(job->wait().outcome, Outcome::completed);
  const std::shared_ptr<const Plan> before = job->plan();

  try {
    job->change(plan_of(five_stages(20), registry_));
    FAIL() << "it was changed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::cancelled);
  }
  EXPECT_EQ(job->plan()->to_yaml(), before->to_yaml());
}

TEST_F(JobTest, AStageThatCannotBeMadeLeavesTheGraphAsItWas) {
  const auto job = job_of(five_stages(1'000'000'000));
  job->start();
  std::string bad = five_stages(1'000'000'000, ", options: {failure: make}");
  bad.replace(bad.find("replicas: 2") + 10, 1, "3");

  EXPECT_THROW(job->change(plan_of(bad, registry_)), Error);

  ledger_.wait_for("end", ledger_.noted("end").size() + 1000);
  EXPECT_EQ(std::ranges::count(job->status().actors, "map", &ActorStatus::actor), 2);
  job->drain();
  EXPECT_EQ(job->wait().outcome, Outcome::drained);
}

TEST_F(JobTest, EndsWithTheErrorOfAStage) {
  ledger_.set_failures(1);
  const auto job = job_of(five_stages(1'000'000'000, ", options: {fail_on: 500}"));
  job->start();

  const JobResult result = job->wait();

  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.error, ::testing::MatchesRegex("map\\[.\\]: bad item 500"));
}

TEST_F(JobTest, CanBeAbortedAndWaitedForTwice) {
  const auto job = job_of(five_stages(1'000'000'000));
  job->start();
  ledger_.wait_for("end", 10);
  job->abort("enough");

  EXPECT_EQ(job->wait().error, "enough");
  EXPECT_EQ(job->wait().error, "enough");
}

TEST_F(JobTest, CanBeDestroyedAtAnyTime) {
  job_of(five_stages(10));
  const auto running = job_of(five_stages(1'000'000'000));
  running->start();
  ledger_.wait_for("end", 10);
}

TEST_F(JobTest, ThrowsWhatTheMakingOfAStageThrows) {
  EXPECT_THROW(job_of(five_stages(10, ", options: {failure: make}")), Error);
}

TEST_F(JobTest, RestartsUnderLoad) {
  ledger_.set_failures(3);
  const auto job = job_of(five_stages(5000, ", on_error: restart, options: {fail_on: 500}"));
  job->start();

  EXPECT_EQ(job->wait().outcome, Outcome::completed);

  EXPECT_EQ(ledger_.sorted("end"), ledger_.sorted("issued"));
  EXPECT_EQ(std::ranges::count(ledger_.noted("tried"), 500), 4);
}

}  // namespace
}  // namespace arno::graph

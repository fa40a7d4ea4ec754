// SPDX-License-Identifier: Apache-2.0
#include "graph/taps.h"

#include <gmock/gmock.h>

#include "graph/job.h"
#include "graph/stage_driver.h"
#include "tests/graph/toy_kinds.h"

namespace arno::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string job_with(const std::string& edges) {
  return "job: toy\noutput: runs/toy\n"
         "actors:\n"
         "  src: {kind: count, options: {count: 5}}\n"
         "  map: {kind: pass}\n"
         "  main: {kind: sink}\n"
         "  look: {kind: sink}\n"
         "edges:\n"
         "  - {from: src.out, to: main.in}\n" +
         edges;
}

TEST(TapsTest, APlanKnowsAndPrintsThem) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);
  const Plan plan = plan_of(job_with("  - {from: src.out, to: map.in, tap: lossy}\n"
                                     "  - {from: map.out, to: look.in, tap: shadow}\n"),
                            registry);

  EXPECT_FALSE(plan.only_looks_on("src"));
  EXPECT_FALSE(plan.only_looks_on("main"));
  EXPECT_TRUE(plan.only_looks_on("map"));
  EXPECT_FALSE(plan.is_shadow("map"));
  EXPECT_TRUE(plan.is_shadow("look"));
  EXPECT_THAT(plan.to_yaml(),
              HasSubstr("to: look.in, capacity: 16, capacity_mb: 256, tap: shadow}"));
  EXPECT_EQ(plan_of(plan.to_yaml(), registry).to_yaml(), plan.to_yaml());
}

TEST(TapsTest, WhatTrainingNeedsMissesNothing) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);

  EXPECT_THAT(problems_of(job_with("  - {from: src.out, to: map.in}\n"
                                   "  - {from: map.out, to: look.in, tap: sometimes}\n"),
                          registry),
              HasSubstr("found \"sometimes\", expected one of blocking, lossy, shadow"));
  EXPECT_THAT(problems_of("job: toy\noutput: runs/toy\n"
                          "actors:\n"
                          "  a: {kind: count, options: {count: 5}}\n"
                          "  b: {kind: count, options: {count: 5}}\n"
                          "  both: {kind: join}\n"
                          "  end: {kind: sink}\n"
                          "edges:\n"
                          "  - {from: a.out, to: both.left}\n"
                          "  - {from: b.out, to: both.right, tap: lossy}\n"
                          "  - {from: both.out, to: end.in}\n",
                          registry),
              HasSubstr("edges[1].tap: found lossy, expected blocking: both also gets items that "
                        "may not be left out"));
  EXPECT_THAT(problems_of(job_with("  - {from: src.out, to: map.in, tap: shadow}\n"
                                   "  - {from: map.out, to: look.in}\n"),
                          registry),
              HasSubstr("found shadow, expected lossy or blocking: map has outputs"));
}

struct NoOptions {
  void fields(ConfigFields&) {}
  void check(const StageContext&, const RawConfig&, ConfigProblems&) const {}
};

/// Fails on its third item.
class FailingStage final : public Stage {
 public:
  FailingStage(const NoOptions&, const StageContext&) {}
  void on_item(int, const Payload&, Outbox&) override {
    ARNO_CHECK(++items_ < 3, Errc::io_failed, "[failing] the disk is full");
  }

 private:
  int items_ = 0;
};

/// Takes no item, ever.
class HangingStage final : public Stage {
 public:
  HangingStage(const NoOptions&, const StageContext&) {}
  void on_item(int, const Payload&, Outbox&) override {}
  bool accepts(int) const override { return false; }
};

class ShadowTest : public ::testing::Test {
 protected:
  ShadowTest() {
    registry_.add(with_options<NoOptions, FailingStage>(
        {.name = "failing", .inputs = {port<Number>("in", "Number", "")}, .outputs = {}}));
    registry_.add(with_options<NoOptions, HangingStage>(
        {.name = "hanging", .inputs = {port<Number>("in", "Number", "")}, .outputs = {}}));
  }

  std::string job_with_shadow(const std::string& kind, int64_t count) const {
    return fmt::format(
        "job: toy\noutput: runs/toy\n"
        "actors:\n"
        "  src: {{kind: count, options: {{count: {}}}}}\n"
        "  main: {{kind: sink}}\n"
        "  look: {{kind: {}}}\n"
        "edges:\n"
        "  - {{from: src.out, to: main.in}}\n"
        "  - {{from: src.out, to: look.in, tap: shadow}}\n",
        count, kind);
  }

  Ledger ledger_;
  Registry registry_ = toy_registry(ledger_);
};

TEST_F(ShadowTest, ThatFailsLeavesAndTheJobGoesOn) {
  Job job(plan_of(job_with_shadow("failing", 1'000'000'000), registry_), {});
  job.start();
  while (job.plan()->actors.size() > 2) {
    ledger_.wait_for("main", ledger_.noted("main").size() + 100);
  }
  ledger_.wait_for("main", ledger_.noted("main").size() + 1000);
  job.drain();

  EXPECT_EQ(job.wait().outcome, JobResult::Outcome::drained);
  EXPECT_EQ(ledger_.sorted("main"), ledger_.sorted("issued"));
}

TEST_F(ShadowTest, ThatHangsDelaysNeitherTheOthersNorTheEnd) {
  Job job(plan_of(job_with_shadow("hanging", 5000), registry_), {});
  job.start();

  EXPECT_EQ(job.wait().outcome, JobResult::Outcome::completed);
  EXPECT_EQ(ledger_.sorted("main").size(), 5000U);
  EXPECT_GT(job.status().edges[1].dropped_items, 0);
}

/// Emits 0, 1, ... 9.
class Ten final : public Stage {
 public:
  void on_item(int, const Payload&, Outbox&) override {}
  Produced produce(Outbox& out) override {
    out.emit(0, number(next_++));
    return next_ == 10 ? Produced::finished : Produced::item;
  }

 private:
  int64_t next_ = 0;
};

/// Keeps what is sent on each lane.
class Sent final : public Courier {
 public:
  void deliver(int lane, Payload item) override {
    values[lane].push_back(item.get<Number>().value);
  }
  void acknowledge(int, uint64_t, int64_t) override {}
  void end(int lane) override { ended.push_back(lane); }

  std::map<int, std::vector<int64_t>> values;
  std::vector<int> ended;
};

class LossyLaneTest : public ::testing::Test {
 protected:
  LossyLaneTest() {
    driver_.add_output({.lane = 0, .edge = 0, .capacity_items = 6, .capacity_bytes = 1000});
    driver_.add_output(
        {.lane = 1, .edge = 1, .capacity_items = 2, .capacity_bytes = 1000, .lossy = true});
  }

  ActorKind kind_{.name = "ten", .outputs = {port<Number>("out", "Number", "")}};
  Sent sent_;
  StageDriver driver_{kind_, std::make_shared<Ten>(), sent_};
};

TEST_F(LossyLaneTest, IsLeftOutWhereItIsFull) {
  EXPECT_EQ(driver_.run(100), Idle::blocked);  // by the other lane

  EXPECT_THAT(sent_.values[0], ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(sent_.values[1], ElementsAre(0, 1));
  EXPECT_EQ(driver_.edge(1).dropped, 4);
  EXPECT_EQ(driver_.edge(0).dropped, 0);
}

TEST_F(LossyLaneTest, GoesOnWhenCreditComesBack) {
  driver_.run(100);
  driver_.on_acknowledge(1, 2, 2);
  driver_.on_acknowledge(0, 6, 6);

  EXPECT_EQ(driver_.run(100), Idle::finished);
  EXPECT_THAT(sent_.values[0], ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(sent_.values[1], ElementsAre(0, 1, 6, 7));
  EXPECT_EQ(driver_.edge(1).dropped, 6);
  EXPECT_THAT(sent_.ended, ElementsAre(0, 1));
}

}  // namespace
}  // namespace arno::graph

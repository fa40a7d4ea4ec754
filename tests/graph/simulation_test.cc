// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/simulation.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "tests/graph/toy_kinds.h"

// Whole graphs of toy stages, each under many random orders of events.
namespace arno::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kSeeds = 200;

std::vector<int64_t> numbers(int64_t count, int64_t replicas = 1) {
  std::vector<int64_t> out;
  for (int64_t r = 0; r < replicas; ++r) {
    for (int64_t i = 0; i < count; ++i) out.push_back(r * 1'000'000 + i);
  }
  return out;
}

/// A job of a random shape: src -> map -> end, each replicated.
struct Chain {
  int64_t sources, maps, sinks, count;
  std::string yaml;

  explicit Chain(uint64_t seed, const std::string& policy = "", const std::string& options = "") {
    Random random{RandomKey(seed).child(1)};
    const auto draw = [&](uint64_t n) { return static_cast<int64_t>(1 + random.below(n)); };
    sources = draw(3), maps = draw(4), sinks = draw(3), count = draw(60);
    yaml = fmt::format(
        "job: toy\noutput: runs/toy\nactors:\n"
        "  src: {{kind: count, replicas: {}, options: {{count: {}, size: {}}}}}\n"
        "  map: {{kind: pass, replicas: {}{}, options: {{{}}}}}\n"
        "  end: {{kind: sink, replicas: {}}}\n"
        "edges:\n  - {{from: src.out, to: map.in, capacity: {}, capacity_mb: 1}}\n"
        "  - {{from: map.out, to: end.in, capacity: {}, capacity_mb: 1}}\n",
        sources, count, draw(2) == 1 ? 1 : 100'000, maps, policy, options, sinks,
        sources * maps + draw(20) - 1, maps * sinks + draw(20) - 1);
  }
};

TEST(SimulationTest, LosesAndRepeatsNothing) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Chain chain(seed);
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(chain.yaml, registry);

    ASSERT_EQ(Simulation(plan, seed).run(), "") << "seed " << seed << "\n" << chain.yaml;

    ASSERT_EQ(ledger.sorted("end"), numbers(chain.count, chain.sources)) << "seed " << seed;
    ASSERT_EQ(ledger.noted("ended").size(), static_cast<size_t>(chain.sinks)) << "seed " << seed;
  }
}

TEST(SimulationTest, LosesAndRepeatsNothingWhileTheGraphChanges) {
  int64_t changed = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    Random random{RandomKey(seed).child(2)};
    const auto draw = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
    const auto plan = [&](int64_t maps, int64_t sinks, bool tap) {
      return plan_of(
          fmt::format("job: toy\noutput: o\nactors:\n"
                      "  src: {{kind: count, replicas: 2, options: {{count: 80}}}}\n"
                      "  map: {{kind: pass, replicas: {}}}\n  end: {{kind: sink, replicas: {}}}\n"
                      "{}edges:\n  - {{from: src.out, to: map.in, capacity: {}}}\n"
                      "  - {{from: map.out, to: end.in, capacity: {}}}\n{}",
                      maps, sinks, tap ? "  tap: {kind: sink}\n" : "", 2 * maps + draw(9),
                      maps * sinks + draw(9),
                      tap ? "  - {from: map.out, to: tap.in, capacity: 9}\n" : ""),
          registry);
    };
    Simulation simulation(plan(1 + draw(3), 1 + draw(2), false), seed);
    for (int64_t at = draw(200); at < 900; at += 1 + draw(300)) {
      simulation.change_after(at, plan(1 + draw(3), 1 + draw(2), draw(2) == 1));
    }

    ASSERT_EQ(simulation.run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.sorted("end"), numbers(80, 2)) << "seed " << seed;
    changed += simulation.changed();
  }
  EXPECT_GT(changed, static_cast<int64_t>(2 * kSeeds)) << "too few changes to prove anything";
}

TEST(SimulationTest, KeepsTheOrderOfALane) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(
        "job: toy\noutput: o\nactors:\n  src: {kind: count, options: {count: 40}}\n"
        "  t: {kind: twice}\n  a: {kind: sink}\n  b: {kind: sink}\n"
        "edges:\n  - {from: src.out, to: t.in, capacity: 3}\n"
        "  - {from: t.a, to: a.in, capacity: 1}\n  - {from: t.b, to: b.in, capacity: 5}\n",
        registry);

    ASSERT_EQ(Simulation(plan, seed).run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.noted("a"), numbers(40)) << "seed " << seed;
    ASSERT_EQ(ledger.noted("b"), numbers(40)) << "seed " << seed;
  }
}

TEST(SimulationTest, SendsAnItemToEveryEdgeOfAPort) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(
        "job: toy\noutput: o\nactors:\n  src: {kind: count, options: {count: 30}}\n"
        "  a: {kind: sink}\n  b: {kind: sink, replicas: 2}\n"
        "edges:\n  - {from: src.out, to: a.in, capacity: 2}\n"
        "  - {from: src.out, to: b.in, capacity: 4}\n",
        registry);

    ASSERT_EQ(Simulation(plan, seed).run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.noted("a"), numbers(30)) << "seed " << seed;
    ASSERT_EQ(ledger.sorted("b"), numbers(30)) << "seed " << seed;
  }
}

TEST(SimulationTest, JoinsTwoBranchesOfOneStream) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(
        "job: toy\noutput: o\nactors:\n  src: {kind: count, options: {count: 30}}\n"
        "  t: {kind: twice}\n  slow: {kind: pass}\n  j: {kind: join}\n  end: {kind: sink}\n"
        "edges:\n  - {from: src.out, to: t.in, capacity: 1}\n"
        "  - {from: t.a, to: j.left, capacity: 3}\n  - {from: t.b, to: slow.in, capacity: 1}\n"
        "  - {from: slow.out, to: j.right, capacity: 1}\n"
        "  - {from: j.out, to: end.in, capacity: 2}\n",
        registry);

    ASSERT_EQ(Simulation(plan, seed).run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.noted("left"), ledger.noted("right")) << "seed " << seed;
    ASSERT_EQ(ledger.noted("end"), numbers(30)) << "seed " << seed;
  }
}

TEST(SimulationTest, SaysWhenABranchEndsTooEarly) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);
  const Plan plan = plan_of(
      "job: toy\noutput: o\nactors:\n  l: {kind: count, options: {count: 5}}\n"
      "  r: {kind: count, options: {count: 3}}\n  j: {kind: join}\n  end: {kind: sink}\n"
      "edges:\n  - {from: l.out, to: j.left}\n  - {from: r.out, to: j.right}\n"
      "  - {from: j.out, to: end.in}\n",
      registry);

  EXPECT_EQ(Simulation(plan, 1).run(),
            "[join] all inputs have ended, but 1 items wait that the stage does not accept");
}

TEST(SimulationTest, EndsACycleOnceAllIsBack) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    const Plan plan =
        plan_of(fmt::format("job: toy\noutput: o\nactors:\n"
                            "  ping: {{kind: ping, options: {{count: 25, window: {}}}}}\n"
                            "  pong: {{kind: pong}}\n  log: {{kind: sink}}\n"
                            "edges:\n  - {{from: ping.out, to: pong.in, capacity: {}}}\n"
                            "  - {{from: pong.back, to: ping.back, capacity: 1}}\n"
                            "  - {{from: pong.also, to: log.in, capacity: 1}}\n",
                            1 + seed % 4, 1 + seed % 3),
                registry);
    Simulation simulation(plan, seed);

    ASSERT_EQ(simulation.run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.noted("back"), numbers(25)) << "seed " << seed;
    ASSERT_EQ(ledger.noted("log"), numbers(25)) << "seed " << seed;
    ASSERT_EQ(simulation.discarded("ping"), 1) << "seed " << seed;
  }
}

TEST(SimulationTest, LetsAStageHoldBackItsInputUntilABackEdgeAnswers) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(
        "job: toy\noutput: o\nactors:\n  src: {kind: count, options: {count: 20}}\n"
        "  shard: {kind: shard}\n  loss: {kind: pong}\n"
        "edges:\n  - {from: src.out, to: shard.in, capacity: 4}\n"
        "  - {from: shard.out, to: loss.in, capacity: 1}\n"
        "  - {from: loss.back, to: shard.back, capacity: 1}\n",
        registry);

    ASSERT_EQ(Simulation(plan, seed).run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.noted("back"), numbers(20)) << "seed " << seed;
  }
}

TEST(SimulationTest, BoundsWhatAPipelineWorksOnByTheCreditOfEachEdge) {
  bool overlaps = false;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    Random random{RandomKey(seed).child(3)};
    const auto draw = [&](uint64_t n) { return static_cast<int64_t>(1 + random.below(n)); };
    const int64_t into_a = draw(4), into_b = draw(4);
    // At times one item alone fills the bytes of an edge.
    const Plan plan =
        plan_of(fmt::format("job: toy\noutput: o\nactors:\n"
                            "  src: {{kind: count, options: {{count: 30, size: {}}}}}\n"
                            "  a: {{kind: hold}}\n  b: {{kind: hold}}\n  last: {{kind: pong}}\n"
                            "  log: {{kind: sink}}\nedges:\n"
                            "  - {{from: src.out, to: a.in, capacity: {}}}\n"
                            "  - {{from: a.out, to: b.in, capacity: {}, capacity_mb: 1}}\n"
                            "  - {{from: b.out, to: last.in, capacity: {}, capacity_mb: 1}}\n"
                            "  - {{from: last.back, to: b.back, capacity: {}, capacity_mb: 1}}\n"
                            "  - {{from: b.returned, to: a.back, capacity: {}, capacity_mb: 1}}\n"
                            "  - {{from: a.returned, to: log.in, capacity: 4}}\n",
                            draw(2) == 1 ? 1 : 400'000, into_a, into_b, draw(4), draw(2), draw(2)),
                registry);

    ASSERT_EQ(Simulation(plan, seed).run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.noted("log"), numbers(30)) << "seed " << seed;
    ASSERT_LE(std::ranges::max(ledger.noted("a")), into_a) << "seed " << seed;
    ASSERT_LE(std::ranges::max(ledger.noted("b")), into_b) << "seed " << seed;
    overlaps = overlaps || std::ranges::max(ledger.noted("a")) == 4;
  }
  EXPECT_TRUE(overlaps) << "too little under way to prove anything";
}

TEST(SimulationTest, DrainsWhatWasIssued) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Chain chain(seed);
    Ledger ledger;
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(chain.yaml, registry);
    Simulation simulation(plan, seed);
    simulation.drain_after(static_cast<int64_t>(seed));

    ASSERT_EQ(simulation.run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.sorted("end"), ledger.sorted("issued")) << "seed " << seed;
    ASSERT_EQ(ledger.noted("ended").size(), static_cast<size_t>(chain.sinks)) << "seed " << seed;
  }
}

TEST(SimulationTest, RedeliversAnItemOnceAfterARestart) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Chain chain(seed, ", on_error: restart", "fail_on: 0");
    Ledger ledger;
    const int failures = static_cast<int>(1 + seed % 3);
    ledger.set_failures(failures);
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(chain.yaml, registry);

    ASSERT_EQ(Simulation(plan, seed).run(), "") << "seed " << seed;

    ASSERT_EQ(ledger.sorted("end"), numbers(chain.count, chain.sources)) << "seed " << seed;
    ASSERT_EQ(std::ranges::count(ledger.noted("tried"), 0), 1 + failures) << "seed " << seed;
    ASSERT_EQ(ledger.noted("made").size(), static_cast<size_t>(chain.maps + failures));
  }
}

TEST(SimulationTest, AccountsForASkippedItem) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Chain chain(seed, ", on_error: skip", "fail_on: 3");
    if (chain.count < 4) continue;
    Ledger ledger;
    ledger.set_failures(1000);
    const Registry registry = toy_registry(ledger);
    const Plan plan = plan_of(chain.yaml, registry);
    Simulation simulation(plan, seed);

    ASSERT_EQ(simulation.run(), "") << "seed " << seed;

    std::vector<int64_t> expected = numbers(chain.count, chain.sources);
    std::ranges::replace(expected, 3, -3);
    std::ranges::sort(expected);
    ASSERT_EQ(ledger.sorted("end"), expected) << "seed " << seed;
    ASSERT_THAT(ledger.noted("skipped: bad item 3"), ElementsAre(3)) << "seed " << seed;
    ASSERT_EQ(simulation.skipped("map"), 1) << "seed " << seed;
  }
}

struct FatalCase {
  std::string name, policy, options, error;
  int failures = 1;
};

class FatalTest : public ::testing::TestWithParam<FatalCase> {};

TEST_P(FatalTest, StopsWithTheText) {
  const Chain chain(7, GetParam().policy, GetParam().options);
  Ledger ledger;
  ledger.set_failures(GetParam().failures);
  const Registry registry = toy_registry(ledger);
  const Plan plan = plan_of(chain.yaml, registry);

  EXPECT_EQ(Simulation(plan, 7).run(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, FatalTest,
    ::testing::Values(FatalCase{"Stop", "", "fail_on: 0", "bad item 0"},
                      FatalCase{"TooManyRestarts", ", on_error: restart, max_errors: 2",
                                "fail_on: 0", "bad item 0", 100},
                      FatalCase{"RestartEndsWithinBudget", ", on_error: restart, max_errors: 2",
                                "fail_on: 0", "", 2},
                      FatalCase{"EndFailsOnce", ", on_error: restart", "failure: end", ""},
                      FatalCase{"EndCannotBeSkipped", ", on_error: skip", "failure: end",
                                "bad end (the stage cannot skip what it failed on)"},
                      FatalCase{"SkipRefused", ", on_error: skip", "fail_on: 0, skippable: false",
                                "bad item 0 (the stage cannot skip what it failed on)"},
                      FatalCase{"OtherException", ", on_error: restart",
                                "fail_on: 0, failure: exception", "vector of length -1"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace arno::graph

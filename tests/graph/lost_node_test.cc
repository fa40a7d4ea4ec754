// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <numeric>

#include "tests/graph/lost_node_scenario.h"
#include "tests/graph/simulation.h"
#include "tests/graph/slot_kinds.h"

// Graphs on nodes that are lost. Whole jobs, each under many random orders of events.
namespace arno::graph {
namespace {

constexpr int64_t kSlots = 25;

/// A job on two nodes, one of which is lost after so many events.
class OneLoss : public ::testing::TestWithParam<Simulation::Loss> {
 protected:
  /// Returns how many nodes were lost before the end.
  static int64_t lose_after(int64_t events, uint64_t seed) {
    Ledger ledger;
    Registry registry = toy_registry(ledger);
    add_slot_kinds(registry, ledger);
    const Plan plan = plan_of(
        fmt::format("job: toy\noutput: o\n"
                    "nodes: {{alpha: {{address: 'a:1'}}, beta: {{address: 'b:1'}}}}\nactors:\n"
                    "  read: {{kind: slots, options: {{count: {}, window: 8}}}}\n"
                    "  decode: {{kind: picky, replicas: 2, nodes: [alpha, beta]}}\n"
                    "  augment: {{kind: picky, replicas: 2, nodes: [alpha, local]}}\n"
                    "  end: {{kind: order}}\n"
                    "edges:\n  - {{from: read.out, to: decode.in, capacity: 4}}\n"
                    "  - {{from: decode.rejects, to: read.rejects, capacity: 16}}\n"
                    "  - {{from: decode.out, to: augment.in, capacity: 4}}\n"
                    "  - {{from: augment.out, to: end.in, capacity: 2}}\n"
                    "  - {{from: end.delivered, to: read.delivered, capacity: 8}}\n",
                    kSlots),
        registry);
    Simulation simulation(plan, seed);
    simulation.lose_after(events, "alpha", GetParam());
    EXPECT_EQ(simulation.run(), "") << "lost after " << events << " events";
    std::vector<int64_t> all(kSlots);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(ledger.noted("end"), all) << "lost after " << events << " events";
    return simulation.lost();
  }
};

TEST_P(OneLoss, AtAnyMessageCostsNoSlot) {
  int64_t events = 0;
  while (lose_after(events, 5) == 1 && !HasFailure()) ++events;
  EXPECT_GT(events, 4 * kSlots) << "the job was too short to prove anything";
}

INSTANTIATE_TEST_SUITE_P(Ways, OneLoss,
                         ::testing::Values(Simulation::Loss::killed, Simulation::Loss::cut),
                         [](const auto& test) {
                           return test.param == Simulation::Loss::killed ? "Killed" : "Cut";
                         });

TEST(LostNodeTest, EverySlotComesOnceWhateverIsLost) { lose_nodes_under_seeds(0, 200); }

TEST(LostNodeTest, EveryStepIsMadeOfTheCommitBeforeIt) { go_back_under_seeds(0, 200); }

}  // namespace
}  // namespace arno::graph

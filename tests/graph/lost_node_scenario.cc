// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/lost_node_scenario.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/graph/simulation.h"
#include "tests/graph/slot_kinds.h"

namespace arno::graph {
namespace {

constexpr int64_t kWindow = 12;

/// Draws the shapes of a job.
class Shapes {
 public:
  explicit Shapes(uint64_t seed) : random_(RandomKey(seed).child(3)), slots_(draw(40, 90)) {}

  int64_t draw(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(random_.below(static_cast<uint64_t>(to - from + 1)));
  }
  std::string node() { return kNodes[draw(0, 2)]; }
  int64_t slots() const { return slots_; }

  /// read -> decode x n -> augment x m -> order, on nodes.
  std::string job() {
    const int64_t decoders = draw(1, 5);
    const int64_t augmenters = draw(1, 4);
    return fmt::format(
        "job: toy\noutput: o\n"
        "nodes: {{alpha: {{address: 'a:1'}}, beta: {{address: 'b:1'}}, gamma: {{address: "
        "'c:1'}}, local: {{resources: {{cpu: 1}}}}}}\n"
        "actors:\n"
        "  read: {{kind: slots, options: {{count: {}, window: {}}}}}\n"
        "  decode: {{kind: picky, replicas: {}, nodes: [{}, {}], needs: {{{}}}}}\n"
        "  augment: {{kind: picky, replicas: {}, nodes: [{}]}}\n"
        "  end: {{kind: order}}\n"
        "edges:\n  - {{from: read.out, to: decode.in, capacity: {}}}\n"
        "  - {{from: decode.rejects, to: read.rejects, capacity: {}}}\n"
        "  - {{from: decode.out, to: augment.in, capacity: {}}}\n"
        "  - {{from: augment.out, to: end.in, capacity: {}}}\n"
        "  - {{from: end.delivered, to: read.delivered, capacity: {}}}\n",
        slots_, kWindow, decoders, nodes(), node(), needs(), augmenters, nodes(),
        decoders + draw(0, 6), kWindow * decoders, decoders * augmenters + draw(0, 9),
        augmenters + draw(0, 6), kWindow);
  }

 private:
  std::string nodes() {
    std::string out = draw(0, 1) == 0 ? "local" : node();
    for (int64_t more = draw(0, 3); more > 0; --more) out += ", " + node();
    return out;
  }

  /// The launcher's node has room for one such replica: when all others are lost, one goes on.
  std::string needs() { return draw(0, 1) == 0 ? "" : "cpu: 1"; }

  static constexpr const char* kNodes[] = {"alpha", "beta", "gamma"};
  Random random_;
  int64_t slots_;
};

void plot(Simulation& simulation, Shapes& shapes, const Registry& registry) {
  for (int64_t losses = shapes.draw(1, 3); losses > 0; --losses) {
    simulation.lose_after(
        shapes.draw(0, 900), shapes.node(),
        shapes.draw(0, 1) == 0 ? Simulation::Loss::killed : Simulation::Loss::cut);
  }
  if (shapes.draw(0, 3) == 0) {
    const std::string a = shapes.node();
    const std::string b = shapes.draw(0, 2) == 0 ? std::string(kLocalNode) : shapes.node();
    if (a != b) simulation.cut_link_after(shapes.draw(0, 600), a, b);
  }
  int64_t at = 0;
  for (int64_t changes = shapes.draw(0, 3); changes > 0; --changes) {
    at += shapes.draw(0, 400);
    simulation.change_after(at, plan_of(shapes.job(), registry));
  }
  if (shapes.draw(0, 5) == 0) simulation.drain_after(shapes.draw(1, 600));
}

}  // namespace

std::string lose_nodes_at_random(uint64_t seed, LossCounts& counts) {
  Shapes shapes(seed);
  Ledger ledger;
  Registry registry = toy_registry(ledger);
  add_slot_kinds(registry, ledger);
  Simulation simulation(plan_of(shapes.job(), registry), seed);
  plot(simulation, shapes, registry);

  const std::string problem = simulation.run();

  counts.lost += simulation.lost();
  counts.changed += simulation.changed();
  counts.refused += simulation.refused();
  counts.repeated += static_cast<int64_t>(ledger.noted("repeated").size());
  if (!problem.empty()) return problem;
  const std::vector<int64_t> delivered = ledger.noted("end");
  if (delivered != ledger.noted("issued")) {
    return fmt::format("{} slots were issued, {} delivered", ledger.noted("issued").size(),
                       delivered.size());
  }
  return "";
}

void lose_nodes_under_seeds(uint64_t first, uint64_t count) {
  if (const char* const only = std::getenv("ARNO_SIMULATION_SEED")) {
    first = std::strtoull(only, nullptr, 10);
    count = 1;
  }
  LossCounts counts;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    ASSERT_EQ(lose_nodes_at_random(seed, counts), "")
        << "replay it with ARNO_SIMULATION_SEED=" << seed;
  }
  if (count == 1) return;
  EXPECT_GT(counts.lost, static_cast<int64_t>(count)) << "too few losses to prove anything";
  EXPECT_GT(counts.changed, static_cast<int64_t>(count)) << "too few changes";
  EXPECT_GT(counts.repeated, 0) << "nothing was sent again";
}

}  // namespace arno::graph

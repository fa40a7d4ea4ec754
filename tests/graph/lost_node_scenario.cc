// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/lost_node_scenario.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "tests/graph/simulation.h"
#include "tests/graph/slot_kinds.h"

namespace arno::graph {
namespace {

constexpr int64_t kWindow = 12;

/// Draws the shapes of a job.
class Shapes {
 public:
  /// `learns`: steps are made of the slots.
  Shapes(uint64_t seed, bool learns)
      : random_(RandomKey(seed).child(3)),
        learns_(learns),
        slots_(draw(40, 90)),
        drains_(draw(0, 5) == 0) {}

  int64_t draw(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(random_.below(static_cast<uint64_t>(to - from + 1)));
  }
  std::string node() { return kNodes[draw(0, 2)]; }
  int64_t slots() const { return slots_; }
  bool drains() const { return drains_; }

  /// read -> decode x n -> augment x m -> order (-> learn x k -> save), on nodes.
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
        "  end: {{kind: order}}\n{}"
        "edges:\n  - {{from: read.out, to: decode.in, capacity: {}}}\n"
        "  - {{from: decode.rejects, to: read.rejects, capacity: {}}}\n"
        "  - {{from: decode.out, to: augment.in, capacity: {}}}\n"
        "  - {{from: augment.out, to: end.in, capacity: {}}}\n"
        "  - {{from: end.delivered, to: read.delivered, capacity: {}}}\n{}",
        slots_, kWindow, decoders, nodes(), node(), needs(), augmenters, nodes(), learners(),
        decoders + draw(0, 6), kWindow * decoders, decoders * augmenters + draw(0, 9),
        augmenters + draw(0, 6), kWindow,
        learns_ ? fmt::format("  - {{from: end.out, to: learn.in, capacity: {}}}\n"
                              "  - {{from: learn.out, to: save.in, capacity: 4}}\n",
                              draw(4, 9))
                : "");
  }

 private:
  std::string nodes() {
    std::string out = draw(0, 1) == 0 ? "local" : node();
    for (int64_t more = draw(0, 3); more > 0; --more) out += ", " + node();
    return out;
  }

  /// The first one is here.
  std::string learners() {
    if (!learns_) return "";
    return fmt::format(
        "  learn: {{kind: learn, replicas: {}, nodes: [local, {}], options: {{window: 5}}}}\n"
        "  save: {{kind: sink}}\n",
        draw(1, 4), node());
  }

  /// The launcher's node has room for one such replica: when all others are lost, one goes on.
  std::string needs() { return draw(0, 1) == 0 ? "" : "cpu: 1"; }

  static constexpr const char* kNodes[] = {"alpha", "beta", "gamma"};
  Random random_;
  bool learns_;
  int64_t slots_;
  bool drains_;
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
  if (shapes.drains()) simulation.drain_after(shapes.draw(1, 600));
}

/// Runs a job of these shapes; returns what went wrong.
std::string run(Shapes& shapes, bool groups_break, uint64_t seed, Ledger& ledger,
                LossCounts& counts) {
  Registry registry = toy_registry(ledger);
  add_slot_kinds(registry, ledger);
  Simulation simulation(plan_of(shapes.job(), registry), seed);
  plot(simulation, shapes, registry);
  if (groups_break) simulation.break_group_after(shapes.draw(0, 900));

  std::string problem = simulation.run();

  counts.lost += simulation.lost();
  counts.changed += simulation.changed();
  counts.refused += simulation.refused();
  counts.repeated += static_cast<int64_t>(ledger.noted("repeated").size());
  counts.returns += simulation.returns();
  return problem;
}

using Scenario = std::string (*)(uint64_t seed, LossCounts&);

LossCounts run_under_seeds(Scenario scenario, uint64_t first, uint64_t count) {
  if (const char* const only = std::getenv("ARNO_SIMULATION_SEED")) {
    first = std::strtoull(only, nullptr, 10);
    count = 1;
  }
  LossCounts counts;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const std::string problem = scenario(seed, counts);
    EXPECT_EQ(problem, "") << "replay it with ARNO_SIMULATION_SEED=" << seed;
    if (!problem.empty()) break;
  }
  return counts;
}

}  // namespace

std::string lose_nodes_at_random(uint64_t seed, LossCounts& counts) {
  Shapes shapes(seed, /*learns=*/false);
  Ledger ledger;
  const std::string problem = run(shapes, /*groups_break=*/false, seed, ledger, counts);
  if (!problem.empty()) return problem;
  const std::vector<int64_t> delivered = ledger.noted("end");
  if (delivered != ledger.noted("issued")) {
    return fmt::format("{} slots were issued, {} delivered", ledger.noted("issued").size(),
                       delivered.size());
  }
  return "";
}

std::string go_back_at_random(uint64_t seed, LossCounts& counts) {
  Shapes shapes(seed, /*learns=*/true);
  Ledger ledger;
  const bool groups_break = shapes.draw(0, 2) == 0;
  const std::string problem = run(shapes, groups_break, seed, ledger, counts);
  if (!problem.empty()) return problem;
  const std::vector<int64_t> steps = ledger.noted("steps");
  std::vector<int64_t> expected(steps.size());
  std::iota(expected.begin(), expected.end(), 1);
  if (steps != expected) return fmt::format("made the steps {}", fmt::join(steps, " "));
  const int64_t last = steps.empty() ? 0 : steps.back();
  const std::vector<int64_t> saved = ledger.noted("save");
  if (saved.empty() || saved.back() != last) {
    return fmt::format("saved {}, made {} steps", fmt::join(saved, " "), last);
  }
  if (last < shapes.slots() && !shapes.drains()) {
    return fmt::format("made {} steps of {} slots", last, shapes.slots());
  }
  return "";
}

void lose_nodes_under_seeds(uint64_t first, uint64_t count) {
  const LossCounts counts = run_under_seeds(lose_nodes_at_random, first, count);
  if (std::getenv("ARNO_SIMULATION_SEED")) return;
  EXPECT_GT(counts.lost, static_cast<int64_t>(count)) << "too few losses to prove anything";
  EXPECT_GT(counts.changed, static_cast<int64_t>(count)) << "too few changes";
  EXPECT_GT(counts.repeated, 0) << "nothing was sent again";
}

void go_back_under_seeds(uint64_t first, uint64_t count) {
  const LossCounts counts = run_under_seeds(go_back_at_random, first, count);
  if (std::getenv("ARNO_SIMULATION_SEED")) return;
  EXPECT_GT(counts.lost, static_cast<int64_t>(count)) << "too few losses to prove anything";
  EXPECT_GT(counts.returns, static_cast<int64_t>(count) / 2) << "too few returns to a commit";
}

}  // namespace arno::graph

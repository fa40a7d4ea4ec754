// SPDX-License-Identifier: Apache-2.0
#include "graph/plan.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "graph/lanes.h"
#include "tests/graph/toy_kinds.h"

namespace arno::graph {
namespace {

using ::testing::HasSubstr;

const char* const kHead = "job: toy\noutput: runs/toy\n";

const char* const kGood =
    "job: toy\n"
    "output: runs/toy\n"
    "actors:\n"
    "  src: {kind: count, options: {count: 5}}\n"
    "  map: {kind: pass, replicas: 3, on_error: restart}\n"
    "  end: {kind: sink}\n"
    "edges:\n"
    "  - {from: map.out, to: end.in, capacity_mb: 2}\n"
    "  - {from: src.out, to: map.in, capacity: 7, capacity_mb: 3}\n";

TEST(PlanTest, OrdersActorsFromSourcesOn) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);

  const Plan plan = plan_of(kGood, registry);

  ASSERT_EQ(plan.actors.size(), 3u);
  EXPECT_EQ(plan.actors[0].name, "src");
  EXPECT_EQ(plan.actors[1].name, "map");
  EXPECT_EQ(plan.actors[2].name, "end");
  EXPECT_EQ(plan.actors[plan.edges[0].from].name, "map");
  EXPECT_EQ(plan.actors[plan.edges[1].to].name, "map");
  EXPECT_EQ(plan.edges[1].capacity_items, 7);
  EXPECT_EQ(plan.memory_bound(), 5 << 20);
}

TEST(PlanTest, PrintsAFileThatMakesTheSamePlan) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);
  const Plan plan = plan_of(kGood, registry);

  const std::string printed = plan.to_yaml();

  EXPECT_THAT(printed, HasSubstr("drain_timeout_s: "));
  EXPECT_THAT(printed, HasSubstr("max_errors: 100"));
  EXPECT_THAT(printed, HasSubstr("      count: 5\n      size: 1\n"));
  EXPECT_THAT(printed, HasSubstr("Number, 3 lane(s)"));
  EXPECT_THAT(printed, HasSubstr("At most 5 MiB"));
  EXPECT_EQ(plan_of(printed, registry).to_yaml(), printed);
}

TEST(PlanTest, DrawsActorsAndEdges) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);
  std::string file = kGood;
  file.replace(file.find("job: toy"), 8, "job: 'a \"b\" \\'");

  const std::string dot = plan_of(file, registry).to_dot();

  EXPECT_THAT(dot, HasSubstr("digraph \"a \\\"b\\\" \\\\\" {"));
  EXPECT_THAT(dot, HasSubstr("\"map\" [label=\"map\\npass x 3\"];"));
  EXPECT_THAT(dot, HasSubstr("\"src\" -> \"map\" [label=\"Number (7)\"];"));
}

TEST(PlanTest, ReplicasThatAreToldApartGetLanesOfTheirOwn) {
  Ledger ledger;
  Registry registry = toy_registry(ledger);
  ActorKind numbered = *registry.find("pass");
  numbered.name = "numbered";
  numbered.inputs[0].by_replica = true;
  registry.add(numbered);
  const std::string file =
      "job: toy\n"
      "output: runs/toy\n"
      "actors:\n"
      "  src: {kind: count, options: {count: 5}}\n"
      "  a: {kind: numbered, replicas: 3}\n"
      "  b: {kind: numbered, replicas: 3}\n"
      "  end: {kind: sink}\n"
      "edges:\n"
      "  - {from: src.out, to: a.in, capacity: 6}\n"
      "  - {from: a.out, to: b.in, capacity: 3}\n"
      "  - {from: b.out, to: end.in, capacity: 3}\n";

  const Plan plan = plan_of(file, registry);
  LaneLayout layout;
  lay_out(layout, plan);

  ASSERT_EQ(layout.lanes.size(), 9u);
  EXPECT_TRUE(plan.copies(plan.edges[0]));
  EXPECT_FALSE(plan.copies(plan.edges[1]));
  for (int i = 0; i < 3; ++i) {
    // One sender: each of three lanes takes every item.
    EXPECT_EQ(layout.lanes[i].producer, 0);
    EXPECT_EQ(layout.lanes[i].consumer, 1 + i);
    EXPECT_EQ(layout.lanes[i].output().share, i);
    EXPECT_EQ(layout.lanes[i].capacity_items, 2);
    // As many senders: each has the lane to its own number.
    EXPECT_EQ(layout.lanes[3 + i].producer, 1 + i);
    EXPECT_EQ(layout.lanes[3 + i].consumer, 4 + i);
    EXPECT_EQ(layout.lanes[3 + i].capacity_items, 1);
  }
}

TEST(PlanTest, SharesCapacityOutOverLanes) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);

  LaneLayout layout;
  const LayoutChange change = lay_out(layout, plan_of(kGood, registry));

  ASSERT_EQ(layout.shells.size(), 5u);
  EXPECT_EQ(change.new_shells.size(), 5u);
  EXPECT_EQ(change.new_lanes.size(), layout.lanes.size());
  EXPECT_EQ(layout.shells[2].name, "map[1]");
  EXPECT_EQ(layout.lanes[4].producer, 0);
  EXPECT_EQ(layout.lanes[4].consumer, 2);
  EXPECT_EQ(layout.lanes[4].capacity_items, 2);
  EXPECT_EQ(layout.lanes[4].capacity_bytes, 1 << 20);
}

struct BadFile {
  std::string name;
  std::string body;  ///< after kHead, which has two lines
  std::vector<std::string> problems;
};

class BadPlanTest : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadPlanTest, ReportsEachProblemOnce) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);

  const std::string found = problems_of(kHead + GetParam().body, registry);

  std::string expected;
  for (const std::string& problem : GetParam().problems) expected += "job.yaml:" + problem + "\n";
  EXPECT_EQ(found, expected);
}

const char* const kChain =
    "edges:\n"
    "  - {from: src.out, to: map.in}\n"
    "  - {from: map.out, to: end.in}\n";

INSTANTIATE_TEST_SUITE_P(
    Files, BadPlanTest,
    ::testing::Values(
        BadFile{"UnknownKind",
                "actors:\n  src: {kind: cuont}\n  map: {kind: pass}\n  end: {kind: sink}\n" +
                    std::string(kChain),
                {"4: actors.src.kind: found the unknown kind \"cuont\" (did you mean \"count\"?), "
                 "expected one of count, pass, member, twice, join, sink, ping, pong, shard, "
                 "hold, hole, word"}},
        BadFile{"Options",
                "actors:\n  src: {kind: count, options: {cuont: 1, size: -1}}\n"
                "  map: {kind: pass, options: {count: 13}}\n  end: {kind: sink}\n" +
                    std::string(kChain),
                {"5: actors.map.options.count: 13 brings bad luck",
                 "4: actors.src.options.size: found \"-1\", expected an integer >= 0",
                 "4: actors.src.options.cuont: unknown key (did you mean \"count\"?); allowed: "
                 "count, size, window, fail_on, failure, skippable, spread"}},
        BadFile{"Policies",
                "actors:\n  src: {kind: count, on_error: restart}\n"
                "  map: {kind: twice, replicas: 2}\n  end: {kind: sink}\n  two: {kind: sink, "
                "on_error: skip}\n"
                "edges:\n  - {from: src.out, to: map.in}\n  - {from: map.a, to: end.in}\n"
                "  - {from: map.b, to: two.in}\n",
                {"5: actors.map.replicas: found 2, expected 1: a twice cannot be replicated",
                 "4: actors.src.on_error: found restart, expected stop: a count keeps state that "
                 "would be lost",
                 "7: actors.two.on_error: found skip, expected stop: a sink cannot account for a "
                 "skipped item"}},
        BadFile{
            "EdgeEnds",
            "actors:\n  src: {kind: count}\n  map: {kind: pass}\n  end: {kind: sink}\n"
            "edges:\n  - {from: src.in, to: mop.in}\n  - {from: map.in, to: end.inn}\n"
            "  - {from: src, to: end.out}\n",
            {"8: edges[0].from: \"in\" is no output of count \"src\", expected one of out",
             "8: edges[0].to: found the unknown actor \"mop\" (did you mean \"map\"?), expected "
             "one of end, map, src",
             "9: edges[1].from: \"in\" is no output, but the other end, of pass \"map\", "
             "expected one of out",
             "9: edges[1].to: \"inn\" is no input of sink \"end\" (did you mean \"in\"?), "
             "expected one of in",
             "10: edges[2].from: found \"src\", expected actor.port",
             "10: edges[2].to: \"out\" is no input of sink \"end\", expected one of in",
             "5: actors.map: input \"in\" (Number) of this pass is joined to nothing, expected "
             "an edge"}},
        BadFile{"Types",
                "actors:\n  src: {kind: word}\n  end: {kind: sink}\n"
                "edges:\n  - {from: src.out, to: end.in}\n",
                {"7: edges[0]: src.out carries Word, end.in expects Number"}},
        BadFile{"TwoFeeds",
                "actors:\n  src: {kind: count}\n  end: {kind: sink}\n"
                "edges:\n  - {from: src.out, to: end.in}\n  - {from: src.out, to: end.in}\n",
                {"8: edges[1].to: end.in is fed by two edges, expected one"}},
        BadFile{"Unjoined",
                "actors:\n  src: {kind: count}\n  map: {kind: pass}\n  end: {kind: sink}\n"
                "edges:\n  - {from: map.out, to: end.in}\n",
                {"5: actors.map: input \"in\" (Number) of this pass is joined to nothing, expected "
                 "an edge",
                 "4: actors.src: output \"out\" (Number) of this count is joined to nothing, "
                 "expected an edge",
                 "6: actors.end: nothing reaches this actor from a source",
                 "5: actors.map: nothing reaches this actor from a source"}},
        BadFile{"Cycle",
                "actors:\n  src: {kind: count}\n  j: {kind: join}\n  t: {kind: twice}\n"
                "  end: {kind: sink}\n"
                "edges:\n  - {from: src.out, to: j.left}\n  - {from: t.a, to: j.right}\n"
                "  - {from: j.out, to: t.in}\n  - {from: t.b, to: end.in}\n",
                {"9: edges: found the cycle j -> t -> j, which passes through no back edge"}},
        BadFile{"NoSource",
                "actors:\n  a: {kind: pass}\n  b: {kind: pass}\n"
                "edges:\n  - {from: a.out, to: b.in}\n  - {from: b.out, to: a.in}\n",
                {"4: actors: found no source, expected an actor whose kind needs no input to begin",
                 "7: edges: found the cycle a -> b -> a, which passes through no back edge"}},
        BadFile{
            "Names",
            "actors:\n  1st: {kind: count}\n  \"a b\": {kind: sink}\n"
            "edges:\n  - {from: 1st.out, to: a b.in}\n",
            {"4: actors.1st: found the name \"1st\", expected a letter, then letters, digits, _ "
             "and -",
             "5: actors.a b: found the name \"a b\", expected a letter, then letters, digits, _ "
             "and -"}},
        BadFile{"Capacity",
                "actors:\n  src: {kind: count, replicas: 3}\n  end: {kind: sink, replicas: 2}\n"
                "edges:\n  - {from: src.out, to: end.in, capacity: 5}\n",
                {"7: edges[0].capacity: found 5, expected at least 6: one for each pair of 3 "
                 "senders and 2 receivers"}},
        BadFile{"ZeroCapacity",
                "actors:\n  src: {kind: count}\n  end: {kind: sink}\n"
                "edges:\n  - {from: src.out, to: end.in, capacity: 0}\n",
                {"7: edges[0].capacity: found \"0\", expected an integer from 1 to 1048576"}},
        BadFile{"Empty",
                "",
                {"1: actors: missing, expected a map", "1: edges: missing, expected a list"}}),
    [](const auto& test) { return test.param.name; });

TEST(PlanTest, AllowsACycleThroughABackEdge) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);

  const Plan plan = plan_of(std::string(kHead) +
                                "actors: {a: {kind: pong}, b: {kind: ping}}\n"
                                "edges: [{from: a.back, to: b.back}, {from: b.out, to: a.in}]\n",
                            registry);

  EXPECT_EQ(plan.actors[0].name, "b");
  EXPECT_THAT(plan.to_dot(), HasSubstr("style=dashed"));
}

TEST(PlanTest, KnowsWhatReachesWhat) {
  Ledger ledger;
  const Registry registry = toy_registry(ledger);
  const Plan plan = plan_of(std::string(kHead) +
                                "actors: {a: {kind: pong}, b: {kind: ping}, c: {kind: sink}}\n"
                                "edges: [{from: a.back, to: b.back}, {from: b.out, to: a.in},\n"
                                "        {from: a.also, to: c.in}]\n",
                            registry);
  const auto reaches = [&](const char* from, const char* to) {
    const auto place = [&](const char* name) {
      const auto found = std::ranges::find(plan.actors, name, &PlannedActor::name);
      return static_cast<int>(found - plan.actors.begin());
    };
    return plan.reaches(place(from), place(to));
  };

  EXPECT_TRUE(reaches("b", "a"));
  EXPECT_TRUE(reaches("b", "c"));
  EXPECT_FALSE(reaches("a", "b")) << "only by a back edge";
  EXPECT_FALSE(reaches("c", "a"));
}

TEST(RegistryTest, ChecksPlansWithoutHoles) {
  Ledger ledger;
  Registry registry = toy_registry(ledger);
  registry.add_check([](const Plan& plan, const RawConfig& file, ConfigProblems& problems) {
    problems.push_back(file.problem_at("actors.end.kind", plan.actors.back().name + " is odd"));
  });
  std::string wrong = kGood;
  wrong.replace(wrong.find("count: 5"), 8, "count: x");

  EXPECT_EQ(problems_of(kGood, registry), "job.yaml:6: actors.end.kind: end is odd\n");
  EXPECT_THAT(problems_of(wrong, registry), ::testing::Not(HasSubstr("odd")));
}

TEST(RegistryTest, RefusesANameThatIsTaken) {
  Ledger ledger;
  Registry registry = toy_registry(ledger);

  EXPECT_EQ(registry.find("nothing"), nullptr);
  EXPECT_THROW(registry.add({.name = "sink"}), Error);
}

}  // namespace
}  // namespace arno::graph

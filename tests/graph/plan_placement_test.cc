// SPDX-License-Identifier: Apache-2.0
#include "graph/plan_placement.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "graph/job_patch.h"
#include "graph/lanes.h"
#include "tests/graph/toy_kinds.h"

namespace arno::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// What stays in its process.
struct Secret {};

/// Toy kinds, of which some may run on nodes: `work` and `state` (which keeps state) pass numbers
/// on that have a codec; `left` and `right` share secrets, replica by replica.
class PlanPlacementTest : public ::testing::Test {
 protected:
  PlanPlacementTest() : registry_(toy_registry(ledger_)) {
    ActorKind work = *registry_.find("pass");
    work.placeable = true;
    work.name = "work";
    registry_.add(work);
    work.name = "state";
    work.keeps_state = true;
    registry_.add(work);
    work.keeps_state = false;
    work.name = "left";
    work.outputs.push_back(port<Secret>("secret", "Secret", ""));
    registry_.add(work);
    ActorKind right = *registry_.find("sink");
    right.placeable = true;
    right.name = "right";
    right.inputs = {by_replica(port<Secret>("in", "Secret", ""))};
    registry_.add(right);
    registry_.add_codec({.name = "Number", .type = typeid(Number)});
  }

  /// count -> `kind` x n -> sink, with alpha and beta. `more`: of the actor in the middle.
  static std::string job(const std::string& more, const std::string& kind = "work",
                         const std::string& nodes =
                             "local: {resources: {cpu: 2, gpu: 0}}, "
                             "alpha: {address: 'a:1', resources: {cpu: 4, gpu: 1}}, "
                             "beta: {address: 'b:1', resources: {cpu: 2, gpu: 0}}") {
    return fmt::format(
        "job: toy\noutput: o\nnodes: {{{}}}\nactors:\n"
        "  src: {{kind: count, options: {{count: 5}}}}\n"
        "  map: {{kind: {}{}}}\n"
        "  end: {{kind: sink}}\n"
        "edges:\n"
        "  - {{from: src.out, to: map.in, capacity: 64}}\n"
        "  - {{from: map.out, to: end.in, capacity: 64}}\n",
        nodes, kind, more);
  }
  static const PlannedActor& actor(const Plan& plan, const std::string& name = "map") {
    return *std::ranges::find(plan.actors, name, &PlannedActor::name);
  }
  std::string problems(const std::string& yaml) { return problems_of(yaml, registry_); }
  Plan plan(const std::string& yaml) { return plan_of(yaml, registry_); }

  Ledger ledger_;
  Registry registry_;
};

TEST_F(PlanPlacementTest, NodesAloneAreTakenInTurn) {
  const Plan made = plan(job(", replicas: 4, nodes: [local, alpha, alpha]"));

  EXPECT_EQ(actor(made).node_of(3), kLocalNode);
  EXPECT_THAT(made.to_yaml(), HasSubstr("    nodes: [local, alpha, alpha]\n"));
  EXPECT_THAT(made.to_yaml(), Not(HasSubstr("Placed by")));
}

TEST_F(PlanPlacementTest, WhatNeedsSomethingRunsWhereThatIs) {
  const Plan made = plan(job(", needs: {gpu: 1}"));

  EXPECT_EQ(actor(made).node_of(0), "alpha");
  EXPECT_EQ(taken_on(made, "alpha"), (Resources{{"gpu", 1}}));
}

TEST_F(PlanPlacementTest, ReplicasAreSpreadOverAllNodesWithRoom) {
  const Plan made = plan(job(", replicas: 8, needs: {cpu: 1}"));

  EXPECT_THAT(actor(made).nodes,
              ElementsAre("local", "alpha", "beta", "local", "alpha", "beta", "alpha", "alpha"));
  EXPECT_THAT(problems(job(", replicas: 9, needs: {cpu: 1}")),
              HasSubstr("job.yaml:6: actors.map.needs: found no node for replica 8 of 9, expected "
                        "one with cpu=1 left: alpha has cpu=0 of 4 left; beta has cpu=0 of 2 left; "
                        "local has cpu=0 of 2 left"));
}

TEST_F(PlanPlacementTest, SoManyOnEachNode) {
  EXPECT_THAT(actor(plan(job(", per_node: 2"))).nodes,
              ElementsAre("local", "alpha", "beta", "local", "alpha", "beta"));
  EXPECT_THAT(actor(plan(job(", per_node: 1, nodes: [alpha, beta]"))).nodes,
              ElementsAre("alpha", "beta"));
  EXPECT_THAT(problems(job(", per_node: 1, replicas: 4")),
              HasSubstr("actors.map.per_node: found no node for replica 3 of 4, expected one with "
                        "less than 1 replica of it: "));
}

TEST_F(PlanPlacementTest, OnlyWhatMayLeaveTheLauncherDoes) {
  const Plan made = plan(job(", replicas: 2, needs: {cpu: 1}", "pass"));

  EXPECT_THAT(actor(made).nodes, ElementsAre("local", "local"));
  EXPECT_THAT(problems(job(", replicas: 3, needs: {cpu: 1}", "pass")),
              HasSubstr("expected one with cpu=1 left: local has cpu=0 of 2 left"));
}

TEST_F(PlanPlacementTest, PrintsAFileThatPlacesTheSame) {
  const Plan made = plan(job(", replicas: 3, nodes: [alpha, beta], needs: {cpu: 1}, place: pack"));

  const std::string printed = made.to_yaml();

  EXPECT_THAT(printed, HasSubstr("    nodes: [alpha, beta]\n    needs: {cpu: 1}\n    place: pack\n"
                                 "    at: [alpha, alpha, alpha]\n"));
  EXPECT_THAT(printed,
              HasSubstr("#   map[0] on alpha: pack: the first node with room; cpu=4 of 4 left\n"));
  EXPECT_THAT(printed, HasSubstr("#   alpha: cpu 3 of 4, gpu 0 of 1; map[0], map[1], map[2]\n"));
  EXPECT_EQ(actor(plan(printed)).nodes, actor(made).nodes);
}

TEST_F(PlanPlacementTest, WhatTheFileDoesNotSayMayBeEnough) {
  const std::string text = job(", needs: {gpu: 3}", "work", "alpha: {address: 'a:1'}");

  const Plan made = plan(text);

  EXPECT_EQ(actor(made).node_of(0), kLocalNode);
  EXPECT_THAT(nodes_to_ask(made), ElementsAre("alpha"));
  EXPECT_THAT(made.to_yaml(), HasSubstr("local: gpu 3 of ?; map"));
  ConfigProblems found;
  const Plan known =
      make_plan(RawConfig::from_text(text, "job.yaml"), registry_, found,
                {{kLocalNode, {{{"cpu", 8}}, true}}, {"alpha", {{{"gpu", 4}}, true}}});
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(actor(known).node_of(0), "alpha");
  EXPECT_TRUE(nodes_to_ask(known).empty());
}

TEST_F(PlanPlacementTest, ANodeThatSaysSomethingElseIsAProblem) {
  ConfigProblems found;
  make_plan(RawConfig::from_text(job(""), "job.yaml"), registry_, found,
            {{"alpha", {{{"cpu", 2}, {"gpu", 1}}, true}}});

  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].to_string(),
            "job.yaml:3: nodes.alpha.resources.cpu: found 4 in the file, but the node has cpu=2, "
            "gpu=1");
}

TEST_F(PlanPlacementTest, WhatCannotBeIsReported) {
  EXPECT_THAT(problems(job(", needs: {cpu: -1}")),
              HasSubstr("actors.map.needs.cpu: found \"-1\", expected an integer >= 0"));
  EXPECT_THAT(problems(job(", needs: {CPU: 1}")),
              HasSubstr("actors.map.needs.CPU: found 1, expected a name of small letters"));
  EXPECT_THAT(problems(job(", needs: 4")),
              HasSubstr("actors.map.needs: found \"4\", expected a map"));
  EXPECT_THAT(problems(job(", place: pac")), HasSubstr("did you mean \"pack\"?"));
  EXPECT_THAT(problems(job(", at: [alpha, beta]")),
              HasSubstr("actors.map.at: found the nodes of 2 replicas, expected at most 1"));
  EXPECT_THAT(problems(job(", at: [gamma]")),
              HasSubstr("actors.map.at[0]: found the unknown node \"gamma\""));
  EXPECT_THAT(problems(job("", "work", "local: {address: 'a:1'}")),
              HasSubstr("nodes.local.address: found a:1, expected none"));
  EXPECT_THAT(problems(job("", "work", "alpha: {resources: {cpu: 1}}")),
              HasSubstr("nodes.alpha.address: missing, expected host:port"));
  EXPECT_THAT(problems(job("", "work", "alpha: {address: 'a:x'}")),
              HasSubstr("job.yaml:3: nodes.alpha.address: found \"a:x\", expected host:port"));
  EXPECT_THAT(problems(job("", "work", "'al pha': {address: 'a:1'}")),
              HasSubstr("nodes.al pha: found the name \"al pha\", expected a letter, then"));
  EXPECT_THAT(problems(job("") + "control: {payload: '127.0.0.1:7000'}\n"),
              HasSubstr("control.payload: found \"127.0.0.1:7000\", expected tcp://host:port"));
  ConfigProblems misspelt;
  make_plan(RawConfig::from_text(job(", needs: {gpus: 1}", "work", "{}"), "job.yaml"), registry_,
            misspelt, {{kLocalNode, {{{"cpu", 8}, {"gpu", 0}}, true}}});
  ASSERT_FALSE(misspelt.empty());
  EXPECT_THAT(misspelt[0].to_string(),
              HasSubstr("actors.map.needs.gpus: found \"gpus\", which no node has (did you mean "
                        "\"gpu\"?), expected one of cpu, gpu"));
}

/// src -> left x 2 -> sink, left.secret -> right x 2.
std::string secrets(const std::string& left, const std::string& right) {
  return fmt::format(
      "job: toy\noutput: o\n"
      "nodes: {{local: {{resources: {{cpu: 2, gpu: 1}}}}, "
      "alpha: {{address: 'a:1', resources: {{cpu: 2, gpu: 1}}}}}}\n"
      "actors:\n  src: {{kind: count, options: {{count: 5}}}}\n"
      "  left: {{kind: left, replicas: 2{}}}\n  right: {{kind: right, replicas: 2{}}}\n"
      "  end: {{kind: sink}}\n"
      "edges:\n  - {{from: src.out, to: left.in}}\n  - {{from: left.out, to: end.in}}\n"
      "  - {{from: left.secret, to: right.in}}\n",
      left, right);
}

TEST_F(PlanPlacementTest, WhatSharesAProcessIsPlacedTogether) {
  const Plan made = plan(secrets(", needs: {gpu: 1}", ", needs: {cpu: 1}"));

  EXPECT_THAT(actor(made, "left").nodes, ElementsAre("local", "alpha"));
  EXPECT_EQ(actor(made, "right").nodes, actor(made, "left").nodes);
  EXPECT_EQ(taken_on(made, "alpha"), (Resources{{"cpu", 1}, {"gpu", 1}}));
  EXPECT_THAT(problems(secrets(", needs: {gpu: 1}", ", needs: {cpu: 3}")),
              HasSubstr("expected one with cpu=3, gpu=1 left"));
  EXPECT_THAT(problems(secrets(", nodes: [alpha], needs: {gpu: 1}", ", nodes: [local]")),
              HasSubstr("actors.right: found other nodes, place or per_node than \"left\" has"));
}

TEST_F(PlanPlacementTest, ReplicasOfALostNodeGoWhereThereIsRoom) {
  const Plan before = plan(job(", replicas: 4, nodes: [alpha, beta], needs: {cpu: 1}"));
  ASSERT_THAT(actor(before).nodes, ElementsAre("alpha", "beta", "alpha", "beta"));

  const Plan after = without_nodes(before, {"beta"});

  EXPECT_THAT(actor(after).nodes, ElementsAre("alpha", "alpha", "alpha", "alpha"));
  EXPECT_THAT(actor(without_nodes(before, {"alpha", "beta"})).nodes, ElementsAre("local", "local"))
      << "there is no room for more";
}

TEST_F(PlanPlacementTest, ThoseThatRunStayWhereTheyAre) {
  const Plan before = plan(job(", replicas: 3, nodes: [local, alpha, beta]"));

  EXPECT_THAT(actor(without_nodes(before, {"alpha"})).nodes, ElementsAre("local", "local", "beta"));
}

TEST_F(PlanPlacementTest, APatchTakesTheLastReplicasAfterALoss) {
  const Plan running =
      without_nodes(plan(job(", replicas: 4, nodes: [local, alpha, beta]")), {"beta"});
  ASSERT_THAT(actor(running).nodes, ElementsAre("local", "alpha", "alpha", "local"));
  ConfigProblems found;

  const PlanStep step =
      read_patch(running, RawConfig::from_text("actors: {map: {replicas: 2}}", "patch.yaml"),
                 registry_, found);

  ASSERT_TRUE(found.empty()) << found[0].to_string();
  EXPECT_THAT(actor(step.next).nodes, ElementsAre("local", "alpha"));
  EXPECT_THAT(step.changes, ElementsAre("- map[2] (work) on node alpha", "- map[3] (work)"));
}

TEST_F(PlanPlacementTest, ThoseThatRunGoOnWhenThereIsRoomForFewer) {
  const Plan before = plan(job(", replicas: 6, nodes: [alpha, beta], needs: {cpu: 1}"));
  ASSERT_THAT(actor(before).nodes, ElementsAre("alpha", "beta", "alpha", "beta", "alpha", "alpha"));

  const Plan after = without_nodes(before, {"alpha"});

  EXPECT_THAT(actor(after).nodes, ElementsAre("beta", "beta"));
  LaneLayout layout;
  lay_out(layout, before);
  const LayoutChange change = lay_out(layout, after);
  EXPECT_THAT(change.new_shells, ElementsAre());
  EXPECT_EQ(change.leaving_shells.size(), 4u);
  EXPECT_EQ(layout.shell("map", 0), -1);
  EXPECT_GE(layout.shell("map", 3), 0);
  EXPECT_EQ(layout.shells[layout.shell("map", 1)].name, "map[1]");
}

TEST_F(PlanPlacementTest, ReplicasKeepTheirNumbersInWhatFollows) {
  const Plan before = plan(job(", replicas: 4, nodes: [alpha, beta], needs: {cpu: 1}"));
  Plan running = without_nodes(before, {"alpha"});
  ConfigProblems found;
  const auto patched = [&](const std::string& text) {
    return read_patch(running, RawConfig::from_text(text, "patch.yaml"), registry_, found);
  };

  const PlanStep other = patched("edges: [{from: src.out, to: map.in, capacity: 32}]");
  const PlanStep more = patched("actors: {map: {replicas: 3, nodes: [local]}}");
  running = more.next;
  const PlanStep last = without_actor(running, "map[4]", registry_, found);
  without_actor(running, "map[2]", registry_, found);

  EXPECT_EQ(actor(other.next).name_of(0), "map[1]");
  EXPECT_THAT(more.changes, ElementsAre("+ map[4] (work)"));
  EXPECT_THAT(more.next.to_yaml(), HasSubstr("; map[1], map[3]\n"));
  EXPECT_THAT(last.changes, ElementsAre("- map[4] (work)"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].to_string(),
              HasSubstr("detach map[2]: found map[2], expected map[4], the last replica"));
}

TEST_F(PlanPlacementTest, WhatKeepsStateNeedsAllItsReplicas) {
  const Plan before = plan(job(", replicas: 3, nodes: [alpha, beta], needs: {cpu: 2}", "state"));

  try {
    without_nodes(before, {"alpha", "beta"});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "map: found no node for replica 1 of 3, expected one with cpu=2 left: local has "
              "cpu=0 of 2 left");
  }
}

TEST_F(PlanPlacementTest, APatchPlacesWhatIsNewOnWhatIsLeft) {
  const Plan running = plan(job(", replicas: 3, nodes: [alpha, local], needs: {cpu: 1}"));
  ASSERT_THAT(actor(running).nodes, ElementsAre("alpha", "local", "alpha"));
  const auto patched = [&](const std::string& text, ConfigProblems& found) {
    return read_patch(running, RawConfig::from_text(text, "patch.yaml"), registry_, found);
  };
  ConfigProblems found;

  const PlanStep step = patched("actors: {map: {replicas: 5, nodes: [beta]}}", found);

  ASSERT_TRUE(found.empty()) << found[0].to_string();
  EXPECT_THAT(actor(step.next).nodes, ElementsAre("alpha", "local", "alpha", "beta", "beta"));
  EXPECT_THAT(step.next.config.actors.at("map").nodes, ElementsAre("alpha", "local", "beta"));
  EXPECT_THAT(step.changes,
              ElementsAre("+ map[3] (work) on node beta", "+ map[4] (work) on node beta"));
  patched("actors: {map: {replicas: 6, nodes: [beta]}}", found);
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(
      found[0].to_string(),
      HasSubstr("patch.yaml:1: actors.map.needs: found no node for replica 5 of 6, expected "
                "one with cpu=1 left: beta has cpu=0 of 2 left"));
  found.clear();
  EXPECT_THAT(without_actor(step.next, "map[4]", registry_, found).changes,
              ElementsAre("- map[4] (work) on node beta"));
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace arno::graph

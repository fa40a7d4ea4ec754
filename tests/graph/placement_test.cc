// SPDX-License-Identifier: Apache-2.0
#include "graph/placement.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "common/error.h"
#include "common/random.h"

namespace arno::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

NodeResources has(Resources resources) { return {std::move(resources), true}; }

Placer two_nodes() {
  return Placer({{"alpha", has({{"cpu", 4}})}, {"beta", has({{"cpu", 2}, {"gpu", 1}})}});
}

TEST(ResourcesTest, ReadsWhatItPrints) {
  const Resources resources = parse_resources("gpu=0,cpu=4");

  EXPECT_EQ(resources, (Resources{{"cpu", 4}, {"gpu", 0}}));
  EXPECT_EQ(to_text(resources), "cpu=4, gpu=0");
}

TEST(ResourcesTest, WhatIsWrongIsSaid) {
  const auto problem_of = [](const std::string& text) -> std::string {
    try {
      parse_resources(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::config_invalid);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(problem_of(""), HasSubstr("found nothing, expected name=count, as in cpu=4,gpu=1"));
  EXPECT_THAT(problem_of("cpu"), HasSubstr("found \"cpu\", expected name=count"));
  EXPECT_THAT(problem_of("cpu=4,"), HasSubstr("found \"\", expected name=count"));
  EXPECT_THAT(problem_of("CPU=4"), HasSubstr("found the name \"CPU\", expected a small letter"));
  EXPECT_THAT(problem_of("cpu=-1"), HasSubstr("found cpu=-1, expected a count from 0"));
  EXPECT_THAT(problem_of("cpu=1.5"), HasSubstr("found cpu=1.5, expected a count from 0"));
  EXPECT_THAT(problem_of("cpu=1,cpu=2"), HasSubstr("found cpu twice"));
}

TEST(PlacerTest, SpreadTakesTheNodeWithTheFewest) {
  const Placement placed = two_nodes().place(
      {.name = "decode", .replicas = 5, .nodes = {"beta", "alpha"}, .needs = {{"cpu", 1}}});

  EXPECT_THAT(placed.at, ElementsAre("beta", "alpha", "beta", "alpha", "alpha"));
  EXPECT_THAT(placed.why[2], HasSubstr("spread: 1 replica of it there before; cpu=1 of 2 left"));
}

TEST(PlacerTest, PackFillsANodeBeforeTheNext) {
  const Placement placed = two_nodes().place({.name = "decode",
                                              .replicas = 5,
                                              .nodes = {"alpha", "beta"},
                                              .needs = {{"cpu", 1}},
                                              .pack = true});

  EXPECT_THAT(placed.at, ElementsAre("alpha", "alpha", "alpha", "alpha", "beta"));
}

TEST(PlacerTest, NoMoreOfThemOnANodeThanMayBe) {
  const Placement placed = two_nodes().place(
      {.name = "decode", .replicas = 3, .nodes = {"alpha", "beta"}, .pack = true, .per_node = 2});

  EXPECT_THAT(placed.at, ElementsAre("alpha", "alpha", "beta"));
}

TEST(PlacerTest, ANodeThatIsNamedTwiceGetsTwiceAsMany) {
  const Placement placed =
      two_nodes().place({.name = "decode", .replicas = 6, .nodes = {"alpha", "beta", "alpha"}});

  EXPECT_EQ(std::ranges::count(placed.at, "alpha"), 4);
}

TEST(PlacerTest, WhatIsThereStays) {
  Placer placer = two_nodes();
  const PlacementRequest request{.name = "decode",
                                 .replicas = 4,
                                 .nodes = {"alpha", "beta"},
                                 .needs = {{"cpu", 1}},
                                 .at = {"alpha", "", "alpha"}};

  EXPECT_EQ(placer.take(request), "");
  EXPECT_THAT(placer.place(request).at, ElementsAre("alpha", "beta", "alpha", "beta"));
}

TEST(PlacerTest, TellsWhatIsLeftWhereThereIsNoRoom) {
  Placer placer = two_nodes();
  ASSERT_EQ(placer.place({.name = "model", .nodes = {"beta"}, .needs = {{"gpu", 1}}}).problem, "");

  const Placement placed = placer.place({.name = "another",
                                         .replicas = 2,
                                         .nodes = {"alpha", "beta"},
                                         .needs = {{"cpu", 1}, {"gpu", 1}}});

  EXPECT_EQ(placed.problem,
            "found no node for replica 0 of 2, expected one with cpu=1, gpu=1 left: alpha has "
            "cpu=4 of 4, gpu=0 of 0 left; beta has cpu=2 of 2, gpu=0 of 1 left");
  const Placement many = two_nodes().place(
      {.name = "decode", .replicas = 3, .nodes = {"beta"}, .needs = {{"cpu", 1}}, .per_node = 2});
  EXPECT_EQ(many.problem,
            "found no node for replica 2 of 3, expected one with cpu=1 left and less than 2 "
            "replicas of it: beta has 2 replicas already");
}

TEST(PlacerTest, WhatIsThereMustHaveRoom) {
  EXPECT_EQ(two_nodes().take({.name = "decode",
                              .replicas = 3,
                              .nodes = {"beta"},
                              .needs = {{"cpu", 1}},
                              .at = {"beta", "beta", "beta"}}),
            "found replica 2 on beta, which has cpu=0 of 2 left, expected cpu=1");
}

TEST(PlacerTest, ANodeThatHasNotSaidEverythingMayHaveEnough) {
  Placer placer({{"alpha", {{{"cpu", 1}}, false}}});

  EXPECT_EQ(placer.place({.name = "a", .nodes = {"alpha"}, .needs = {{"gpu", 8}}}).problem, "");
  EXPECT_EQ(placer.place({.name = "b", .nodes = {"new"}, .needs = {{"cpu", 8}}}).problem, "");
  EXPECT_NE(placer.place({.name = "c", .nodes = {"alpha"}, .needs = {{"cpu", 2}}}).problem, "");
}

/// Requests on random nodes.
class RandomCluster {
 public:
  explicit RandomCluster(uint64_t seed) : random_(RandomKey(seed)) {
    for (int64_t n = draw(1, 5); n > 0; --n) {
      nodes_[fmt::format("n{}", n)] = has({{"cpu", draw(0, 6)}, {"gpu", draw(0, 2)}});
    }
  }

  int64_t draw(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(random_.below(static_cast<uint64_t>(to - from + 1)));
  }
  const ClusterResources& nodes() const { return nodes_; }
  PlacementRequest request() {
    PlacementRequest out{.name = "actor",
                         .replicas = draw(1, 6),
                         .nodes = {},
                         .needs = {{"cpu", draw(0, 2)}, {"gpu", draw(0, 1)}},
                         .pack = draw(0, 1) == 1,
                         .per_node = draw(0, 3)};
    for (const auto& [name, resources] : nodes_) {
      if (draw(0, 3) > 0) out.nodes.push_back(name);
    }
    if (out.nodes.empty()) out.nodes.push_back("n1");
    return out;
  }

 private:
  Random random_;
  ClusterResources nodes_;
};

TEST(PlacerTest, GivesNoNodeMoreThanItHasAndTheSameAgain) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    RandomCluster cluster(seed);
    Placer placer(cluster.nodes());
    Placer again(cluster.nodes());
    std::map<std::string, Resources> taken;
    for (int64_t actors = cluster.draw(1, 4); actors > 0; --actors) {
      const PlacementRequest request = cluster.request();
      const Placement placed = placer.place(request);
      const Placement twin = again.place(request);
      ASSERT_EQ(placed.at, twin.at);
      ASSERT_EQ(placed.problem, twin.problem);
      if (!placed.problem.empty()) continue;
      ASSERT_EQ(std::ssize(placed.at), request.replicas);
      for (const std::string& node : placed.at) {
        ASSERT_NE(std::ranges::find(request.nodes, node), request.nodes.end());
        add(taken[node], request.needs);
        const int64_t there = std::ranges::count(placed.at, node);
        ASSERT_TRUE(request.per_node == 0 || there <= request.per_node);
      }
    }
    for (const auto& [node, resources] : taken) {
      for (const auto& [name, count] : resources) {
        ASSERT_LE(count, count_of(cluster.nodes().at(node).has, name));
      }
    }
  }
}

/// How many replicas a node holds at most.
int64_t room_on(const NodeResources& node, const PlacementRequest& request) {
  int64_t room = request.per_node > 0 ? request.per_node : request.replicas;
  for (const auto& [name, count] : request.needs) {
    if (count > 0) room = std::min(room, count_of(node.has, name) / count);
  }
  return room;
}

TEST(PlacerTest, FindsRoomForOneActorWheneverThereIs) {
  int64_t refused = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    RandomCluster cluster(seed);
    const PlacementRequest request = cluster.request();
    int64_t room = 0;
    for (const std::string& node : request.nodes)
      room += room_on(cluster.nodes().at(node), request);

    const Placement placed = Placer(cluster.nodes()).place(request);

    ASSERT_EQ(placed.problem.empty(), room >= request.replicas) << placed.problem;
    refused += placed.problem.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 200);
  EXPECT_LT(refused, 1800);
}

TEST(PlacerTest, SpreadDiffersByOneUnlessANodeIsFull) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    RandomCluster cluster(seed);
    PlacementRequest request = cluster.request();
    request.pack = false;
    const Placement placed = Placer(cluster.nodes()).place(request);
    if (!placed.problem.empty()) continue;
    const auto on = [&](const std::string& node) { return std::ranges::count(placed.at, node); };
    for (const std::string& few : request.nodes) {
      if (on(few) == room_on(cluster.nodes().at(few), request)) continue;
      for (const std::string& many : request.nodes) ASSERT_LE(on(many), on(few) + 1);
    }
  }
}

}  // namespace
}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/sample_order.h"

#include <set>

#include "common/error.h"
#include "tests/actors/stage_fixture.h"

namespace arno::actors {
namespace {

class SampleOrderTest : public StageTest {
 protected:
  std::shared_ptr<const io::ShardSet> source(const std::string& name, int count) {
    testing::write_tiny_shard(folder_ / name, testing::tiny_texts(count));
    return io::ShardSet::open({(folder_ / name).string()});
  }
};

TEST_F(SampleOrderTest, TakesEachSampleOnceAnEpoch) {
  const SampleOrder order({{source("a.tar", 10)}}, context_.training, 1);
  std::vector<uint64_t> first;
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<uint64_t> seen;
    for (uint64_t i = 0; i < 10; ++i) {
      const SlotContent content = order.at(10 * epoch + i, 0);
      EXPECT_EQ(content.epoch, epoch);
      seen.push_back(content.index);
    }
    EXPECT_EQ(std::set<uint64_t>(seen.begin(), seen.end()).size(), 10u);
    if (epoch == 0) first = seen;
    if (epoch == 1) {
      EXPECT_NE(seen, first) << "another order in each epoch";
    }
  }
}

TEST_F(SampleOrderTest, HoldsTheWeightsExactly) {
  context_.training.batch_size = 64;
  const SampleOrder order(
      {{source("a.tar", 5), 4}, {source("b.tar", 7), 0}, {source("c.tar", 3), 1}},
      context_.training, 1);
  std::vector<uint64_t> counts(3);
  for (uint64_t slot = 0; slot < io::SourceMix::kCycle; ++slot) ++counts[order.at(slot, 0).source];
  // 4096 / 5 = 819.2: the larger remainder gets the last slot.
  EXPECT_EQ(counts[0], 3277u);
  EXPECT_EQ(counts[1], 0u);
  EXPECT_EQ(counts[2], 819u);
}

TEST_F(SampleOrderTest, TakesReplacementsFromTheSameSource) {
  const SampleOrder order({{source("a.tar", 30)}, {source("b.tar", 30)}}, context_.training, 1);
  std::set<uint64_t> replacements;
  for (uint64_t slot = 0; slot < 20; ++slot) {
    const SlotContent content = order.at(slot, 1);
    EXPECT_EQ(content.source, order.at(slot, 0).source);
    EXPECT_EQ(content.index, order.at(slot, 1).index);
    EXPECT_LT(content.index, 30u);
    replacements.insert(content.index);
  }
  EXPECT_GT(replacements.size(), 5u) << "drawn for each slot anew";
}

TEST_F(SampleOrderTest, TakesLongTextsOnlyInTheirStage) {
  context_.training.stages = {{.name = "all", .steps = 2}, {.name = "long", .steps = 2}};
  context_.training.stages[1].texts = "long";
  const SampleOrder order({{source("a.tar", 12)}}, context_.training, 1);
  std::set<uint64_t> long_ones;
  for (uint64_t slot = 8; slot < 12; ++slot) long_ones.insert(order.at(slot, 0).index);
  EXPECT_THAT(long_ones, ::testing::ElementsAre(2, 5, 8, 11)) << "one epoch of every third";
  EXPECT_EQ(order.at(8, 1).index % 3, 2u) << "replacements too";
}

TEST_F(SampleOrderTest, ASourceJoinsAtItsStepAndTheOthersGoOn) {
  const auto a = source("a.tar", 64);
  const auto b = source("b.tar", 64);
  context_.training.batch_size = 8;
  context_.training.stages = {{.name = "first", .steps = 16}};
  const SampleOrder alone({{a}}, context_.training, 1);
  const SampleOrder joined({{a}, {b, 1, 3}}, context_.training, 1);

  std::multiset<uint64_t> of_a, of_b;
  for (uint64_t slot = 0; slot < 16 * 8; ++slot) {
    const SlotContent content = joined.at(slot, 0);
    if (slot < 3 * 8) {
      EXPECT_EQ(content.source, 0u);
      EXPECT_EQ(content.index, alone.at(slot, 0).index) << "what was read before stays as it was";
    }
    if (content.epoch == 0) (content.source == 0 ? of_a : of_b).insert(content.index);
  }

  EXPECT_EQ(of_a.size(), std::set<uint64_t>(of_a.begin(), of_a.end()).size())
      << "no sample comes twice in an epoch";
  EXPECT_EQ(of_a.size(), 64u) << "and none is left out";
  EXPECT_GT(of_b.size(), 40u);
}

TEST_F(SampleOrderTest, ASourceLeavesAtItsStepAndTheOthersGoOn) {
  const auto a = source("a.tar", 64);
  const auto b = source("b.tar", 64);
  context_.training.batch_size = 8;
  context_.training.stages = {{.name = "first", .steps = 10}, {.name = "second", .steps = 6}};
  const SampleOrder stays({{a}, {b, 1, 3}}, context_.training, 1);
  const SampleOrder leaves({{a}, {b, 1, 3, 6}}, context_.training, 1);

  std::multiset<uint64_t> of_a;
  for (uint64_t slot = 0; slot < 16 * 8; ++slot) {
    const SlotContent content = leaves.at(slot, 0);
    if (slot < 6 * 8) {
      EXPECT_EQ(content.source, stays.at(slot, 0).source);
      EXPECT_EQ(content.index, stays.at(slot, 0).index) << "what was read before stays as it was";
    } else {
      EXPECT_EQ(content.source, 0u);
    }
    if (slot < 10 * 8 && content.source == 0 && content.epoch == 0) of_a.insert(content.index);
  }

  EXPECT_EQ(of_a.size(), std::set<uint64_t>(of_a.begin(), of_a.end()).size())
      << "no sample comes twice in an epoch";
  EXPECT_GT(of_a.size(), 50u);
  EXPECT_THROW(SampleOrder({{a, 1, 0, 6}}, context_.training, 1), Error);
}

TEST_F(SampleOrderTest, AStreamGivesItsSamplesOneAfterTheOtherOverAllStages) {
  context_.training.batch_size = 8;
  context_.training.stages = {
      {.name = "all", .steps = 20}, {.name = "long", .steps = 20}, {.name = "last", .steps = 20}};
  context_.training.stages[1].texts = "long";
  for (const bool long_texts : {false, true}) {
    const SampleOrder order({{source("a.tar", 12)},
                             {.from_step = 3, .long_texts = long_texts},
                             {source("b.tar", 12), 1, 50}},
                            context_.training, 1);
    uint64_t next = 0;
    int in_long = 0;
    for (uint64_t slot = 0; slot < 60 * 8; ++slot) {
      const SlotContent content = order.at(slot, 0);
      if (content.source != 1) continue;
      EXPECT_GE(slot, 3u * 8);
      EXPECT_EQ(content.index, next++);
      EXPECT_EQ(order.at(slot, 2).index, content.index) << "it replaces its samples itself";
      in_long += slot >= 20 * 8 && slot < 40 * 8 ? 1 : 0;
    }
    EXPECT_GT(next, 100u);
    EXPECT_EQ(in_long > 0, long_texts);
  }
}

TEST_F(SampleOrderTest, NamesAStageWithoutSamples) {
  context_.training.stages[0].texts = "long";
  testing::write_tiny_shard(folder_ / "short.tar", {"one", "two"});
  const auto source = io::ShardSet::open({(folder_ / "short.tar").string()});
  try {
    const SampleOrder order({{source}}, context_.training, 1);
    FAIL() << "no sample has a long text";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("stage \"first\" (texts: long)"));
  }
}

TEST_F(SampleOrderTest, DependsOnTheSeed) {
  const auto all = source("a.tar", 50);
  const SampleOrder one({{all}}, context_.training, 1);
  const SampleOrder same({{all}}, context_.training, 1);
  const SampleOrder other({{all}}, context_.training, 2);
  int differences = 0;
  for (uint64_t slot = 0; slot < 50; ++slot) {
    EXPECT_EQ(one.at(slot, 0).index, same.at(slot, 0).index);
    differences += one.at(slot, 0).index != other.at(slot, 0).index;
  }
  EXPECT_GT(differences, 30);
}

}  // namespace
}  // namespace arno::actors

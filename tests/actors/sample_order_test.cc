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
  const SampleOrder order({source("a.tar", 10)}, {1}, context_.training, 1);
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
  const SampleOrder order({source("a.tar", 5), source("b.tar", 7), source("c.tar", 3)}, {4, 0, 1},
                          context_.training, 1);
  std::vector<uint64_t> counts(3);
  for (uint64_t slot = 0; slot < io::SourceMix::kCycle; ++slot) ++counts[order.at(slot, 0).source];
  // 4096 / 5 = 819.2: the larger remainder gets the last slot.
  EXPECT_EQ(counts[0], 3277u);
  EXPECT_EQ(counts[1], 0u);
  EXPECT_EQ(counts[2], 819u);
}

TEST_F(SampleOrderTest, TakesReplacementsFromTheSameSource) {
  const SampleOrder order({source("a.tar", 30), source("b.tar", 30)}, {1, 1}, context_.training, 1);
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
  const SampleOrder order({source("a.tar", 12)}, {1}, context_.training, 1);
  std::set<uint64_t> long_ones;
  for (uint64_t slot = 8; slot < 12; ++slot) long_ones.insert(order.at(slot, 0).index);
  EXPECT_THAT(long_ones, ::testing::ElementsAre(2, 5, 8, 11)) << "one epoch of every third";
  EXPECT_EQ(order.at(8, 1).index % 3, 2u) << "replacements too";
}

TEST_F(SampleOrderTest, NamesAStageWithoutSamples) {
  context_.training.stages[0].texts = "long";
  testing::write_tiny_shard(folder_ / "short.tar", {"one", "two"});
  const auto source = io::ShardSet::open({(folder_ / "short.tar").string()});
  try {
    const SampleOrder order({source}, {1}, context_.training, 1);
    FAIL() << "no sample has a long text";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("stage \"first\" (texts: long)"));
  }
}

TEST_F(SampleOrderTest, DependsOnTheSeed) {
  const auto all = source("a.tar", 50);
  const SampleOrder one({all}, {1}, context_.training, 1);
  const SampleOrder same({all}, {1}, context_.training, 1);
  const SampleOrder other({all}, {1}, context_.training, 2);
  int differences = 0;
  for (uint64_t slot = 0; slot < 50; ++slot) {
    EXPECT_EQ(one.at(slot, 0).index, same.at(slot, 0).index);
    differences += one.at(slot, 0).index != other.at(slot, 0).index;
  }
  EXPECT_GT(differences, 30);
}

}  // namespace
}  // namespace arno::actors

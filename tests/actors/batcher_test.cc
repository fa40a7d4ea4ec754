// SPDX-License-Identifier: Apache-2.0
#include "actors/batcher/batcher.h"

#include "common/error.h"
#include "tests/actors/stage_fixture.h"

namespace arno::actors {
namespace {

using ::testing::ElementsAre;

class BatcherTest : public StageTest {
 protected:
  void give_slot(graph::Stage& batcher, uint64_t slot) { give(batcher, sample(slot)); }

  /// Image, text, label and key all tell the slot; texts and labels repeat from slot to slot.
  static TokenizedItem sample(uint64_t slot) {
    TokenizedItem item{.id = {.slot = slot, .key = RandomKey(1000 + slot)}};
    item.image = ops::Tensor::full({2, 2, 3}, ops::DType::f32, static_cast<double>(slot));
    item.tokens = {510, static_cast<int32_t>(slot % 3), 511};
    item.label = {.high = 0, .low = slot % 2};
    return item;
  }

  std::vector<std::shared_ptr<const florence::TrainingBatch>> batches() const {
    return out_.of<florence::TrainingBatch>(Batcher::kBatches);
  }
  std::vector<uint64_t> delivered() const {
    std::vector<uint64_t> out;
    for (const auto& report : out_.of<DeliveredSlots>(Batcher::kDelivered)) {
      out.push_back(report->next_slot);
    }
    return out;
  }
};

TEST_F(BatcherTest, RestoresTheOrderFromAnyArrivalOrder) {
  for (const std::vector<uint64_t>& order : std::vector<std::vector<uint64_t>>{
           {0, 1, 2, 3, 4, 5, 6, 7}, {7, 6, 5, 4, 3, 2, 1, 0}, {3, 5, 0, 7, 1, 6, 2, 4}}) {
    out_.clear();
    const auto batcher = make("batcher", "{}");
    for (const uint64_t slot : order) give_slot(*batcher, slot);
    ASSERT_EQ(batches().size(), 2u);
    for (uint64_t row = 0; row < 8; ++row) {
      const florence::TrainingBatch& batch = *batches()[row / 4];
      EXPECT_EQ(batch.step, static_cast<int64_t>(row / 4));
      EXPECT_EQ(batch.keys[row % 4].value(), 1000 + row);
      EXPECT_EQ(batch.images.data<float>()[row % 4 * 12], static_cast<float>(row));
    }
  }
}

TEST_F(BatcherTest, KeepsEachDistinctTextOnce) {
  const auto batcher = make("batcher", "{}");
  for (uint64_t slot = 0; slot < 4; ++slot) give_slot(*batcher, slot);
  const florence::TrainingBatch& batch = *batches().at(0);
  EXPECT_EQ(batch.texts.count(), 3);
  EXPECT_THAT(batch.text_rows.data<int32_t>(), ElementsAre(0, 1, 2, 0));
  EXPECT_THAT(batch.labels, ElementsAre(0, 1, 0, 1));
}

TEST_F(BatcherTest, ReportsHowFarTheOrderIsComplete) {
  const auto batcher = make("batcher", "{}");
  for (const uint64_t slot : {2, 1, 0, 4, 3}) give_slot(*batcher, slot);
  EXPECT_THAT(delivered(), ElementsAre(3, 5));
}

TEST_F(BatcherTest, LeavesOutASlotThatComesAgain) {
  monitoring::MetricRegistry metrics;
  context_.metrics = &metrics;
  const auto batcher = make("batcher", "{}");
  for (const uint64_t slot : {0, 2, 0, 2, 1, 1, 3, 0}) give_slot(*batcher, slot);

  ASSERT_EQ(batches().size(), 1u);
  EXPECT_THAT(batches()[0]->labels, ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(metrics.to_text(), ::testing::HasSubstr("arno_repeated_samples_total 4\n"));
}

TEST_F(BatcherTest, ResumesAtTheSlotOfTheCheckpoint) {
  context_.from.step = 3;
  const auto batcher = make("batcher", "{}");
  for (uint64_t slot = 11; slot < 16; ++slot) give_slot(*batcher, slot);
  ASSERT_EQ(batches().size(), 1u);
  EXPECT_EQ(batches()[0]->step, 3);
}

TEST_F(BatcherTest, DropsWhatTheEndLeavesIncomplete) {
  const auto batcher = make("batcher", "{}");
  for (uint64_t slot = 0; slot < 3; ++slot) give_slot(*batcher, slot);
  batcher->on_end(out_);
  EXPECT_TRUE(batches().empty());
  EXPECT_FALSE(batcher->has_pending_work());
}

}  // namespace
}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include "florence/training/training_config.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "common/error.h"

namespace arno::florence {
namespace {

using ::testing::HasSubstr;

TrainingConfig two_stages() {
  return {.stages = {{.steps = 10, .peak_lr = 1, .final_lr = 0.1, .warmup_steps = 4},
                     {.steps = 5, .peak_lr = 0.5}}};
}

TEST(TrainingConfigTest, StagesFollowEachOther) {
  const TrainingConfig config = two_stages();
  EXPECT_EQ(config.total_steps(), 15);
  for (const auto& [step, index, first] :
       {std::tuple{0, 0, 0}, {9, 0, 0}, {10, 1, 10}, {14, 1, 10}, {15, 1, 10}, {999, 1, 10}}) {
    EXPECT_EQ(stage_at(config, step).index, static_cast<size_t>(index)) << step;
    EXPECT_EQ(stage_at(config, step).first_step, first) << step;
  }
}

TEST(TrainingConfigTest, LearningRateWarmsUpThenFollowsACosineInEachStage) {
  const TrainingConfig config = two_stages();
  const auto cosine = [](double progress) {
    return 0.5 * (1 + std::cos(std::numbers::pi * progress));
  };
  for (int step = 0; step < 4; ++step) {
    EXPECT_DOUBLE_EQ(learning_rate_at(config, step), (step + 1) / 4.0);
  }
  for (int step = 4; step < 10; ++step) {
    EXPECT_DOUBLE_EQ(learning_rate_at(config, step), 0.1 + 0.9 * cosine((step - 4) / 6.0));
  }
  EXPECT_DOUBLE_EQ(learning_rate_at(config, 10), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(config, 13), 0.5 * cosine(0.6));
  EXPECT_NEAR(learning_rate_at(config, 15), 0, 1e-15);
  EXPECT_NEAR(learning_rate_at(config, 400), 0, 1e-15);
}

TEST(TrainingConfigTest, ReadsStagesAndRefusesLongWarmUp) {
  TrainingConfig config;
  ConfigProblems problems;
  RawConfig::from_text(
      "batch_size: 8\n"
      "stages:\n"
      "  - {name: first, steps: 5, resolution: 64, texts: long}\n"
      "  - {steps: 3, window: 12, warmup_steps: 3}\n",
      "job.yaml")
      .read(config, problems);
  ASSERT_EQ(config.stages.size(), 2u);
  EXPECT_EQ(config.stages[0].texts, "long");
  EXPECT_EQ(config.stages[1].window, 12);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].to_string(), HasSubstr("stages[1].warmup_steps: found 3"));
}

TEST(TrainingConfigTest, RefusesAJobWithoutStages) {
  TrainingConfig config;
  ConfigProblems problems;
  RawConfig::from_text("stages: []\n", "job.yaml").read(config, problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].to_string(), HasSubstr("stages: found no stage"));
}

}  // namespace
}  // namespace arno::florence

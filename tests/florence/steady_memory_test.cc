// SPDX-License-Identifier: Apache-2.0

// What a training step asks of memory once the first one has warmed the allocator up.
#include <gtest/gtest.h>

#include "ops/core/allocator.h"
#include "tiny_training.h"

namespace arno::florence {
namespace {

class SteadyMemoryTest : public ::testing::TestWithParam<bool> {};

TEST_P(SteadyMemoryTest, StepsAfterTheFirstAskTheSystemForNothing) {
  TrainerConfig config = tiny_config();
  config.model.checkpoint_activations = GetParam();
  Trainer trainer(config, tiny_schedule(), 1);
  TrainingBatch batch = tiny_batch(0);
  // The second step differs from the first in one thing: the norm of the parameters is known.
  for (; batch.step < 2; ++batch.step) train_step(trainer, batch);
  const ops::AllocatorStats before = ops::allocator({}).stats();

  for (; batch.step < 5; ++batch.step) train_step(trainer, batch);

  const ops::AllocatorStats after = ops::allocator({}).stats();
  EXPECT_EQ(after.system_requests, before.system_requests);
  EXPECT_EQ(after.in_use, before.in_use);
}

INSTANTIATE_TEST_SUITE_P(Checkpointing, SteadyMemoryTest, ::testing::Bool());

}  // namespace
}  // namespace arno::florence

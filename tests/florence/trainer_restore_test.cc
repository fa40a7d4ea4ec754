// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "common/error.h"
#include "florence/training/trainer.h"
#include "tiny_training.h"

namespace arno::florence {
namespace {

using ::testing::HasSubstr;

/// Two steps at 32 pixels, then two at 64 with another window: five tables change their shape.
TrainingConfig changing_schedule() {
  return {.batch_size = 4,
          .stages = {{.steps = 2, .resolution = 32, .peak_lr = 1e-3},
                     {.steps = 2, .resolution = 64, .window = 3, .peak_lr = 1e-3}}};
}

TrainingBatch batch_of(int64_t step) { return tiny_batch(step, 4, step < 2 ? 32 : 64); }

TEST(TrainerRestoreTest, ContinuesAsIfUndisturbedAlsoAcrossAStageChange) {
  Trainer undisturbed(tiny_config(), changing_schedule(), /*seed=*/1);
  std::vector<Snapshot> snapshots;
  for (int64_t step = 0; step < 4; ++step) {
    snapshots.push_back(undisturbed.snapshot());
    train_step(undisturbed, batch_of(step));
  }
  const Snapshot end = undisturbed.snapshot();
  EXPECT_EQ(end.resolution, 64);
  EXPECT_EQ(end.window, 3);

  for (int64_t start = 0; start < 4; ++start) {
    Trainer restored(tiny_config(), changing_schedule(), /*seed=*/2);
    restored.restore(snapshots[start]);
    EXPECT_EQ(restored.steps_done(), start);
    EXPECT_EQ(difference(restored.snapshot(), snapshots[start]), "");
    for (int64_t step = start; step < 4; ++step) train_step(restored, batch_of(step));
    EXPECT_EQ(difference(restored.snapshot(), end), "") << "restored at step " << start;
  }
}

TEST(TrainerRestoreTest, GoesBackToAnEarlierStage) {
  Trainer trainer(tiny_config(), changing_schedule(), /*seed=*/1);
  const Snapshot start = trainer.snapshot();
  for (int64_t step = 0; step < 4; ++step) train_step(trainer, batch_of(step));
  const Snapshot end = trainer.snapshot();

  trainer.restore(start);
  for (int64_t step = 0; step < 4; ++step) train_step(trainer, batch_of(step));

  EXPECT_EQ(difference(trainer.snapshot(), end), "");
}

TEST(TrainerRestoreTest, SnapshotStaysAsItWas) {
  Trainer trainer(tiny_config(), changing_schedule(), /*seed=*/1);
  const Snapshot kept = trainer.snapshot();
  train_step(trainer, batch_of(0));
  const Snapshot after = trainer.snapshot();
  EXPECT_NE(difference(kept, after), "");
  trainer.restore(kept);
  EXPECT_EQ(difference(trainer.snapshot(), kept), "");
  train_step(trainer, batch_of(0));
  EXPECT_EQ(difference(trainer.snapshot(), after), "");
}

std::string restore_problem(const TrainerConfig& from, const TrainerConfig& into) {
  const Snapshot snapshot = Trainer(from, changing_schedule(), 1).snapshot();
  try {
    Trainer(into, changing_schedule(), 1).restore(snapshot);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::data_corrupt) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(TrainerRestoreTest, AnotherModelIsRefusedByName) {
  const TrainerConfig config = tiny_config();
  TrainerConfig wider = config;
  wider.model.text_width = 24;
  TrainerConfig deeper = config;
  deeper.model.text_layers = 3;

  EXPECT_THAT(restore_problem(wider, config),
              AllOf(HasSubstr("\"text_encoder.token_embedding.weight\" is f32[30, 24], the "
                              "configured model has f32[30, 16]"),
                    HasSubstr("of another model")));
  EXPECT_THAT(restore_problem(config, deeper),
              HasSubstr("holds no \"text_encoder.resblocks.2.ln_1.weight\""));
  EXPECT_THAT(restore_problem(deeper, config), HasSubstr("it is of another model"));
  TrainerConfig other_heads = config;
  other_heads.model.text_heads = config.model.text_heads == 2 ? 4 : 2;
  EXPECT_THAT(restore_problem(other_heads, config), HasSubstr("of another model: heads"));
  EXPECT_EQ(restore_problem(config, config), "no error");
}

}  // namespace
}  // namespace arno::florence

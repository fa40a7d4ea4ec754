// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <omp.h>

#include <deque>
#include <memory>

#include "florence/training/pipeline_slice.h"
#include "florence/training/trainer.h"
#include "tests/support/problem_of.h"
#include "tiny_training.h"

// A model that is cut into slices makes the steps of the whole one, bit by bit.
namespace arno::florence {
namespace {

using arno::testing::problem_of;
using ::testing::HasSubstr;

constexpr uint64_t kSeed = 5;
/// CoSwin nano has 5 blocks, the tiny text tower has 2.
constexpr int64_t kImageBlocks = 5;

/// Where towers are cut: the first block of each slice but the first, of which there is none when
/// the list is empty.
struct Cuts {
  std::vector<int64_t> image;
  std::vector<int64_t> text;
};

/// Slices of one tower that feed the trainer, one after the other.
struct Front {
  std::vector<std::unique_ptr<PipelineSlice>> slices;

  Front() = default;
  Front(const TrainerConfig& config, const TrainingConfig& schedule, Tower tower,
        const std::vector<int64_t>& cuts) {
    int64_t first = 0;
    for (const int64_t end : cuts) {
      slices.push_back(std::make_unique<PipelineSlice>(config, schedule, kSeed, nullptr, tower,
                                                       BlockRange{first, end}));
      first = end;
    }
  }
  MicroBatch forward(MicroBatch part) {
    for (const auto& slice : slices) part = slice->forward(part);
    return part;
  }
  void backward(ActivationGradient gradient) {
    for (auto slice = slices.rbegin(); slice != slices.rend(); ++slice) {
      gradient = (*slice)->backward(gradient);
    }
  }
  std::vector<double> squares() const {
    GradientSquares out;
    for (const auto& slice : slices) append(out, slice->gradient_squares());
    return out.squares;
  }
  SliceState state() const {
    SliceState out = slices.front()->state(true, true);
    for (size_t i = 1; i < slices.size(); ++i) append(out, slices[i]->state(true, true));
    return out;
  }
};

/// A cut model in one thread.
class CutTraining {
 public:
  CutTraining(const TrainerConfig& config, const TrainingConfig& schedule, const Cuts& cuts)
      : config_(config),
        trainer_(config, schedule, kSeed, nullptr, top_of(cuts)),
        fronts_{Front(config, schedule, Tower::image, cuts.image),
                Front(config, schedule, Tower::text, cuts.text)} {}

  double step(const TrainingBatch& batch, StepOutcome& outcome) {
    trainer_.begin(batch);
    std::deque<MicroBatch> parts = parts_of_fronts(batch);
    while (!trainer_.has_features()) {
      trainer_.add(parts.front());
      parts.pop_front();
    }
    const BatchFeatures features = trainer_.features();
    const ops::UniclLossResult loss = ops::unicl_loss_and_gradient(
        features.image, features.text, batch.labels, features.log_temperature);
    give_back(trainer_.begin_backward(loss));
    while (!trainer_.backward_is_done()) {
      EXPECT_TRUE(trainer_.accepts(parts.front()));
      give_back(trainer_.add(parts.front()));
      parts.pop_front();
    }
    finish(batch.step, outcome);
    return loss.loss;
  }

  Snapshot snapshot() {
    std::optional<SliceState> image, text;
    if (!front(Tower::image).slices.empty()) image = front(Tower::image).state();
    if (!front(Tower::text).slices.empty()) text = front(Tower::text).state();
    return trainer_.snapshot(image ? &*image->snapshot : nullptr,
                             text ? &*text->snapshot : nullptr);
  }
  void restore(const Snapshot& snapshot) {
    trainer_.restore(snapshot);
    for (Front& front : fronts_) {
      for (const auto& slice : front.slices) slice->restore(snapshot);
    }
  }

 private:
  static ModelSlice top_of(const Cuts& cuts) {
    ModelSlice slice;
    if (!cuts.image.empty()) slice.image.first = cuts.image.back();
    if (!cuts.text.empty()) slice.text.first = cuts.text.back();
    return slice;
  }
  Front& front(Tower tower) { return fronts_[static_cast<size_t>(tower)]; }

  /// What the fronts make of a batch, all of it at once.
  std::deque<MicroBatch> parts_of_fronts(const TrainingBatch& batch) {
    std::deque<MicroBatch> out;
    for (const MicroBatch& part : micro_batches_of(batch, config_.micro_batch)) {
      if (!front(part.tower).slices.empty()) out.push_back(front(part.tower).forward(part));
    }
    return out;
  }
  void give_back(const std::vector<ActivationGradient>& gradients) {
    for (const ActivationGradient& gradient : gradients) front(gradient.tower).backward(gradient);
  }
  void finish(int64_t step, StepOutcome& outcome) {
    const bool measures = trainer_.measures_next();
    outcome = trainer_.finish(
        {.image = front(Tower::image).squares(), .text = front(Tower::text).squares()});
    FrontSquares parameters;
    for (const Tower tower : {Tower::image, Tower::text}) {
      if (front(tower).slices.empty()) continue;
      for (const auto& slice : front(tower).slices) {
        slice->finish_step({.step = step, .grad_scale = outcome.grad_scale});
      }
      (tower == Tower::image ? parameters.image : parameters.text) =
          front(tower).state().parameter_squares;
    }
    if (measures) trainer_.measure_parameters(parameters);
    outcome.parameter_norm = trainer_.parameter_norm();
  }

  TrainerConfig config_;
  Trainer trainer_;
  std::array<Front, 2> fronts_;
};

/// Runs both and compares everything that a run shows.
void expect_same(const TrainerConfig& config, const TrainingConfig& schedule, const Cuts& cuts) {
  omp_set_num_threads(1);
  Trainer whole(config, schedule, kSeed);
  CutTraining cut(config, schedule, cuts);
  ASSERT_EQ(difference(cut.snapshot(), whole.snapshot()), "");
  for (int64_t step = 0; step < 3; ++step) {
    const TrainingBatch batch =
        tiny_batch(step, 8, schedule.stages[stage_at(schedule, step).index].resolution);
    StepOutcome expected, found;
    EXPECT_EQ(train_step(whole, batch, &expected), cut.step(batch, found)) << step;
    EXPECT_EQ(expected.grad_norm, found.grad_norm) << step;
    EXPECT_EQ(expected.grad_scale, found.grad_scale) << step;
    EXPECT_EQ(expected.parameter_norm, found.parameter_norm) << step;
    EXPECT_EQ(expected.temperature, found.temperature) << step;
  }
  EXPECT_EQ(difference(cut.snapshot(), whole.snapshot()), "");
}

TrainerConfig clipped(int64_t micro_batch) {
  TrainerConfig config = tiny_config();
  config.micro_batch = micro_batch;
  config.clip_norm = 0.5;
  return config;
}

TEST(PipelineTest, EveryCutOfTheImageTowerGivesTheWholeModelsSteps) {
  for (int64_t cut = 1; cut <= kImageBlocks; ++cut) {
    SCOPED_TRACE(cut);
    expect_same(clipped(0), tiny_schedule(), {.image = {cut}});
  }
}

TEST(PipelineTest, MicroBatchesGiveTheWholeModelsSteps) {
  expect_same(clipped(3), tiny_schedule(), {.image = {2}});
  expect_same(clipped(3), tiny_schedule(), {.image = {1, 3}, .text = {1}});
  expect_same(clipped(2), tiny_schedule(), {.text = {1, 2}});
}

TEST(PipelineTest, WholeTowersMayBeElsewhere) {
  expect_same(clipped(0), tiny_schedule(), {.image = {kImageBlocks}, .text = {2}});
}

TEST(PipelineTest, HalfPrecisionAndCheckpointedBlocksAreTheSameToo) {
  TrainerConfig config = clipped(3);
  config.model.compute = "bf16";
  config.model.checkpoint_activations = true;
  expect_same(config, tiny_schedule(), {.image = {1, 4}, .text = {1}});
}

TEST(PipelineTest, StagesChangeTheGeometryOfEverySlice) {
  TrainingConfig schedule = tiny_schedule();
  schedule.stages = {{.steps = 1, .resolution = 32, .peak_lr = 1e-3},
                     {.steps = 2, .resolution = 64, .window = 6, .peak_lr = 1e-3}};
  expect_same(clipped(3), schedule, {.image = {1, 3}});
}

TEST(PipelineTest, AStateOfTheWholeModelIsThatOfItsSlices) {
  const TrainerConfig config = clipped(3);
  Trainer whole(config, tiny_schedule(), kSeed);
  train_step(whole, tiny_batch(0));
  CutTraining cut(config, tiny_schedule(), {.image = {2}, .text = {1}});
  cut.restore(whole.snapshot());
  StepOutcome expected, found;
  EXPECT_EQ(train_step(whole, tiny_batch(1), &expected), cut.step(tiny_batch(1), found));
  EXPECT_EQ(expected.grad_norm, found.grad_norm);
  EXPECT_EQ(difference(cut.snapshot(), whole.snapshot()), "");
}

TEST(PipelineTest, SlicesHaveEveryParameterOnce) {
  const FlorenceConfig config = tiny_config().model;
  const auto count = [&](const ModelSlice& slice) {
    return FlorenceModel(config, 32, 0, RandomKey(1), slice).parameters().count();
  };
  const BlockRange none{0, 0};
  const int64_t sum = count({.image = {0, 2}, .text = none, .top = false}) +
                      count({.image = {2, 4}, .text = none, .top = false}) +
                      count({.image = none, .text = {0, 1}, .top = false}) +
                      count({.image = {.first = 4}, .text = {.first = 1}});
  EXPECT_EQ(sum, count({}));
}

TEST(PipelineTest, TowersEndTogetherImagesFirst) {
  const auto order = [](size_t images, size_t texts) {
    std::string out;
    for (const Turn& turn : turns_of(images, texts)) {
      out += fmt::format("{}{} ", turn.tower == Tower::image ? 'i' : 't', turn.part);
    }
    return out;
  };
  EXPECT_EQ(order(2, 2), "i0 t0 i1 t1 ");
  EXPECT_EQ(order(3, 1), "i0 i1 i2 t0 ");
  EXPECT_EQ(order(1, 2), "t0 i0 t1 ");
}

TEST(PipelineTest, ATowerThatIsAheadWaitsForTheOtherOne) {
  const TrainerConfig config = clipped(4);
  Trainer trainer(config, tiny_schedule(), kSeed, nullptr,
                  {.image = {.first = 2}, .text = {.first = 1}});
  const TrainingBatch batch = tiny_batch(0);
  trainer.begin(batch);
  for (const MicroBatch& part : micro_batches_of(batch, config.micro_batch)) {
    EXPECT_NE(trainer.accepts(part), part.taped);
  }
  MicroBatch second = micro_batches_of(batch, config.micro_batch)[2];
  ASSERT_EQ(second.number, 1);
  EXPECT_THAT(problem_of(Errc::invalid_argument, [&] { trainer.add(second); }),
              HasSubstr("got micro-batch 1 of step 0, expected 0"));
}

TEST(PipelineTest, MicroBatchesOutOfTurnAreRefused) {
  const TrainerConfig config = clipped(3);
  PipelineSlice slice(config, tiny_schedule(), kSeed, nullptr, Tower::image, {0, 2});
  auto parts = micro_batches_of(tiny_batch(0), 3);
  std::erase_if(parts, [](const MicroBatch& part) { return part.tower == Tower::text; });
  ASSERT_EQ(parts.size(), 6U);
  EXPECT_FALSE(parts[2].taped);
  const MicroBatch out = slice.forward(parts[3]);
  EXPECT_EQ(slice.taped(), 1);
  const ActivationGradient wrong{.step = 0, .number = 1, .grad = out.input};
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { slice.backward(wrong); }),
              HasSubstr("got the gradient of micro-batch 1 of step 0, expected that of 0"));
  parts[4].step = 1;
  EXPECT_THAT(problem_of(Errc::invalid_argument, [&] { slice.forward(parts[4]); }),
              HasSubstr("expected that of step 0"));
  PipelineSlice next(config, tiny_schedule(), kSeed, nullptr, Tower::image, {2, 4});
  EXPECT_THAT(problem_of(Errc::shape_mismatch, [&] { next.forward(parts[5]); }),
              HasSubstr("image input"));
}

}  // namespace
}  // namespace arno::florence

// SPDX-License-Identifier: Apache-2.0
#include "florence/training/trainer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/error.h"
#include "tests/support/problem_of.h"
#include "tiny_training.h"

namespace arno::florence {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeed = 5;

/// The gradients of the first step, and its loss.
struct FirstStep {
  std::vector<NamedTensor> gradients;
  double loss = 0;
  StepOutcome outcome;
};

FirstStep first_step(const TrainerConfig& config, const TrainingBatch& batch) {
  Trainer trainer(config, tiny_schedule(), kSeed);
  FirstStep out;
  out.loss = train_step(trainer, batch, &out.outcome);
  out.gradients = first_gradients(trainer);
  return out;
}

/// The largest difference between two sets of gradients, over the largest element of its tensor.
double gradient_error(const FirstStep& found, const FirstStep& wanted) {
  EXPECT_EQ(found.gradients.size(), wanted.gradients.size());
  double worst = 0;
  for (size_t i = 0; i < wanted.gradients.size(); ++i) {
    const auto a = found.gradients[i].value.data<float>();
    const auto b = wanted.gradients[i].value.data<float>();
    double difference = 0;
    double size = 1e-12;
    for (size_t k = 0; k < b.size(); ++k) {
      difference = std::max(difference, std::abs(static_cast<double>(a[k]) - b[k]));
      size = std::max(size, std::abs(static_cast<double>(b[k])));
    }
    worst = std::max(worst, difference / size);
  }
  return worst;
}

using arno::testing::problem_of;

TEST(TrainerTest, PartsOfABatchGiveTheGradientsOfTheWhole) {
  const TrainingBatch batch = tiny_batch(0);
  const FirstStep whole = first_step(tiny_config(), batch);
  for (const int64_t micro_batch : {1, 2, 3, 7}) {
    TrainerConfig config = tiny_config();
    config.micro_batch = micro_batch;
    const FirstStep parts = first_step(config, batch);
    EXPECT_LT(gradient_error(parts, whole), 1e-4) << micro_batch;
    EXPECT_NEAR(parts.loss, whole.loss, 1e-6) << micro_batch;
    EXPECT_NEAR(parts.outcome.grad_norm, whole.outcome.grad_norm, 1e-5 * whole.outcome.grad_norm);
  }
}

TEST(TrainerTest, DropPathDependsOnTheSamplesKeys) {
  TrainingBatch batch = tiny_batch(0);
  const FirstStep one = first_step(tiny_config(), batch);
  for (RandomKey& key : batch.keys) key = key.child(99);
  const FirstStep other = first_step(tiny_config(), batch);
  EXPECT_GT(gradient_error(other, one), 0.01);
}

TEST(TrainerTest, ActivationCheckpointingChangesNoBit) {
  for (const int64_t micro_batch : {0, 3}) {
    TrainerConfig config = tiny_config();
    config.micro_batch = micro_batch;
    Trainer kept(config, tiny_schedule(), kSeed);
    config.model.checkpoint_activations = true;
    Trainer again(config, tiny_schedule(), kSeed);
    for (int64_t step = 0; step < 2; ++step) {
      train_step(kept, tiny_batch(step));
      train_step(again, tiny_batch(step));
    }
    EXPECT_EQ(difference(again.snapshot(), kept.snapshot()), "");
  }
}

TEST(TrainerTest, OneTextForManyImagesIsThatTextRepeated) {
  const TrainingBatch shared = tiny_batch(0);
  TrainingBatch repeated = shared;
  std::vector<std::vector<int32_t>> texts;
  std::vector<int32_t> rows;
  for (const int32_t text : shared.text_rows.data<int32_t>()) {
    const PackedTexts slice = shared.texts.slice(text, 1);
    const auto tokens = slice.tokens.data<int32_t>();
    texts.emplace_back(tokens.begin(), tokens.end());
    rows.push_back(static_cast<int32_t>(rows.size()));
  }
  repeated.texts = pack_texts(texts);
  repeated.text_rows = ops::Tensor::from<int32_t>({8}, rows);

  const FirstStep once = first_step(tiny_config(), shared);
  const FirstStep often = first_step(tiny_config(), repeated);

  EXPECT_NEAR(often.loss, once.loss, 1e-6);
  EXPECT_LT(gradient_error(often, once), 1e-4);
}

TEST(TrainerTest, Bf16IsCloseToF32) {
  TrainerConfig config = tiny_config();
  const FirstStep exact = first_step(config, tiny_batch(0));
  config.model.compute = "bf16";
  const FirstStep rounded = first_step(config, tiny_batch(0));

  double product = 0;
  double exact_square = 0;
  double rounded_square = 0;
  for (size_t i = 0; i < exact.gradients.size(); ++i) {
    const auto a = exact.gradients[i].value.data<float>();
    const auto b = rounded.gradients[i].value.data<float>();
    for (size_t k = 0; k < a.size(); ++k) {
      product += static_cast<double>(a[k]) * b[k];
      exact_square += static_cast<double>(a[k]) * a[k];
      rounded_square += static_cast<double>(b[k]) * b[k];
    }
  }
  EXPECT_NEAR(rounded.loss, exact.loss, 0.02 * exact.loss);
  EXPECT_GT(product / std::sqrt(exact_square * rounded_square), 0.99);
  EXPECT_NEAR(std::sqrt(rounded_square / exact_square), 1, 0.05);
}

TEST(TrainerTest, ClipsByTheNormOfAllGradients) {
  TrainerConfig config = tiny_config();
  const FirstStep free = first_step(config, tiny_batch(0));
  double square = 0;
  for (const NamedTensor& gradient : free.gradients) {
    for (const float value : gradient.value.data<float>()) square += double{value} * value;
  }
  EXPECT_NEAR(free.outcome.grad_norm, std::sqrt(square), 1e-4 * std::sqrt(square));

  config.clip_norm = free.outcome.grad_norm / 4;
  FirstStep clipped = first_step(config, tiny_batch(0));
  EXPECT_EQ(clipped.outcome.grad_norm, free.outcome.grad_norm);
  for (NamedTensor& gradient : clipped.gradients) {
    for (float& value : gradient.value.mutable_data<float>()) value *= 4;
  }
  EXPECT_LT(gradient_error(clipped, free), 1e-4);
}

TEST(TrainerTest, TemperatureStaysBelowItsLimit) {
  TrainerConfig config = tiny_config();
  config.model.init_temperature = 20;
  config.model.max_temperature = 20;
  Trainer trainer(config, tiny_schedule(0.05), kSeed);
  for (int64_t step = 0; step < 6; ++step) {
    StepOutcome outcome;
    train_step(trainer, tiny_batch(step), &outcome);
    EXPECT_LE(outcome.temperature, 20 * (1 + 1e-6));
    EXPECT_GE(outcome.temperature, 1);
  }
}

TEST(TrainerTest, BatchOfAnotherStepOrSizeIsRefused) {
  Trainer trainer(tiny_config(), tiny_schedule(), kSeed);
  EXPECT_THAT(problem_of(Errc::invalid_argument, [&] { trainer.forward(tiny_batch(1)); }),
              HasSubstr("got the batch of step 1, expected that of step 0"));
  EXPECT_NE(problem_of(Errc::shape_mismatch, [&] { trainer.forward(tiny_batch(0, 8, 64)); }),
            "no error");
  TrainingBatch batch = tiny_batch(0);
  batch.keys.pop_back();
  EXPECT_NE(problem_of(Errc::shape_mismatch, [&] { trainer.forward(batch); }), "no error");
}

TEST(TrainerTest, LossThatIsNotFiniteLeavesTheModelAsItWas) {
  Trainer trainer(tiny_config(), tiny_schedule(), kSeed);
  const Snapshot before = trainer.snapshot();
  TrainingBatch batch = tiny_batch(0);
  batch.images.mutable_data<float>()[100] = std::numeric_limits<float>::quiet_NaN();

  EXPECT_THAT(problem_of(Errc::diverged, [&] { train_step(trainer, batch); }),
              HasSubstr("the loss of step 1 is "));

  EXPECT_EQ(difference(trainer.snapshot(), before), "");
}

TEST(TrainerTest, GradientThatIsNotFiniteLeavesTheModelAsItWas) {
  Trainer trainer(tiny_config(), tiny_schedule(), kSeed);
  Trainer undisturbed(tiny_config(), tiny_schedule(), kSeed);
  const TrainingBatch batch = tiny_batch(0);
  const BatchFeatures features = trainer.forward(batch);
  ops::UniclLossResult loss = ops::unicl_loss_and_gradient(features.image, features.text,
                                                           batch.labels, features.log_temperature);
  loss.grad_text.mutable_data<float>()[3] = std::numeric_limits<float>::infinity();

  EXPECT_THAT(problem_of(Errc::diverged, [&] { trainer.finish_step(loss); }),
              HasSubstr("the gradient norm of step 1 is "));

  EXPECT_EQ(difference(trainer.snapshot(), undisturbed.snapshot()), "");
  // Nothing of the bad step is left in the next one.
  train_step(trainer, batch);
  train_step(undisturbed, batch);
  EXPECT_EQ(difference(trainer.snapshot(), undisturbed.snapshot()), "");
}

/// Red, green, blue and black images, each colour with a text of its own.
TrainingBatch coloured_batch(int64_t step) {
  TrainingBatch batch = tiny_batch(step);
  Random random(RandomKey(23).child(step));
  const auto pixels = batch.images.mutable_data<float>();
  const auto size = pixels.size() / 8;
  batch.texts = pack_texts({{1, 4}, {1, 7, 9}, {1, 12}, {5}});
  for (int32_t i = 0; i < 8; ++i) {
    batch.labels[i] = i % 4;
    for (size_t k = 0; k < size; ++k) {
      const bool bright = static_cast<int32_t>(k % 3) == i % 4;
      pixels[i * size + k] = static_cast<float>((bright ? 1 : -1) + random.uniform(-0.3, 0.3));
    }
  }
  batch.text_rows = ops::Tensor::from<int32_t>({8}, batch.labels);
  return batch;
}

TEST(TrainerTest, LearnsToTellColoursApart) {
  TrainerConfig config = tiny_config();
  config.model.drop_path = 0;
  Trainer trainer(config, tiny_schedule(2e-3), kSeed);
  const double first = train_step(trainer, coloured_batch(0));
  double last = first;
  for (int64_t step = 1; step < 40; ++step) last = train_step(trainer, coloured_batch(step));
  // Two images of each colour: telling nothing apart costs log 8, everything log 2.
  EXPECT_GT(first, 1.8);
  EXPECT_LT(last, std::log(2.0) + 0.1);
}

}  // namespace
}  // namespace arno::florence

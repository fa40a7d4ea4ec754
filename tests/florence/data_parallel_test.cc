// SPDX-License-Identifier: Apache-2.0
#include "florence/training/data_parallel.h"

#include <gmock/gmock.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "florence/training/trainer.h"
#include "ops/comm/local_group.h"
#include "tests/support/problem_of.h"
#include "tests/support/replicas.h"
#include "tiny_training.h"

namespace arno::florence {
namespace {

using arno::testing::on_each_rank;
using arno::testing::problem_of;
using ::testing::HasSubstr;

constexpr uint64_t kSeed = 5;
constexpr int64_t kSteps = 5;
/// What replicas may differ by from one process after kSteps steps, relative: of losses and norms
/// (at most 1.4e-6 was measured), and of weights over the way that they went (at most 4.4e-6; Adam
/// divides by the size of a gradient, so one that is rounding alone still moves its weight).
constexpr double kLossRounding = 5e-6;
constexpr double kWeightRounding = 2e-5;

/// What a training of kSteps steps gave.
struct TrainingRun {
  std::vector<double> losses;
  std::vector<double> grad_norms;
  Snapshot end;
  StepOutcome last;
};

TrainingRun train_alone(const TrainerConfig& config, int64_t steps = kSteps) {
  TrainingRun run;
  Trainer trainer(config, tiny_schedule(), kSeed);
  for (int64_t step = 0; step < steps; ++step) {
    run.losses.push_back(train_step(trainer, tiny_batch(step), &run.last));
    run.grad_norms.push_back(run.last.grad_norm);
  }
  run.end = trainer.snapshot();
  return run;
}

/// One step of a replica with its rows of the batch.
double replica_step(Trainer& trainer, ops::Communicator& group, const TrainingBatch& whole,
                    StepOutcome& outcome) {
  const int64_t rows = whole.size() / group.size();
  const TrainingBatch batch = rows_of(whole, group.rank() * rows, rows);
  const BatchFeatures features = trainer.forward(batch);
  const ops::UniclLossResult loss = ops::unicl_loss_and_gradient(
      features.image, features.text, batch.labels, features.log_temperature, group);
  outcome = trainer.finish_step(loss);
  return loss.loss;
}

/// The runs of all replicas.
std::vector<TrainingRun> train_together(int64_t replicas, const TrainerConfig& config) {
  const auto group = ops::local_group(replicas);
  const auto loss_group = ops::local_group(replicas);
  std::vector<TrainingRun> runs(replicas);
  on_each_rank(replicas, [&](int64_t rank) {
    omp_set_num_threads(1);
    TrainingRun& run = runs[rank];
    Trainer trainer(config, tiny_schedule(), kSeed, group[rank]);
    for (int64_t step = 0; step < kSteps; ++step) {
      run.losses.push_back(replica_step(trainer, *loss_group[rank], tiny_batch(step), run.last));
      run.grad_norms.push_back(run.last.grad_norm);
    }
    run.end = trainer.snapshot();
  });
  return runs;
}

double square(const ops::Tensor& tensor, const ops::Tensor& minus) {
  double sum = 0;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const double value = double{tensor.data<float>()[i]} - minus.data<float>()[i];
    sum += value * value;
  }
  return sum;
}

/// How far two trainings ended from each other, over how far the second went (2-norms).
double divergence(const Snapshot& found, const Snapshot& wanted) {
  const Snapshot start = Trainer(tiny_config(), tiny_schedule(), kSeed).snapshot();
  double apart = 0;
  double way = 0;
  for (size_t i = 0; i < wanted.weights.size(); ++i) {
    apart += square(found.weights[i].value, wanted.weights[i].value);
    way += square(start.weights[i].value, wanted.weights[i].value);
  }
  return std::sqrt(apart / way);
}

double worst_relative(const std::vector<double>& found, const std::vector<double>& wanted) {
  double worst = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    worst = std::max(worst, std::abs(found[i] - wanted[i]) / std::abs(wanted[i]));
  }
  return worst;
}

struct Case {
  int64_t replicas;
  int64_t micro_batch;
};

class ReplicasTest : public ::testing::TestWithParam<Case> {};

TEST_P(ReplicasTest, TrainAsOneProcessWithTheWholeBatch) {
  TrainerConfig config = tiny_config();
  config.micro_batch = GetParam().micro_batch;
  const TrainingRun alone = train_alone(config);
  const std::vector<TrainingRun> together = train_together(GetParam().replicas, config);

  EXPECT_LT(worst_relative(together[0].losses, alone.losses), kLossRounding);
  EXPECT_LT(worst_relative(together[0].grad_norms, alone.grad_norms), kLossRounding);
  EXPECT_LT(divergence(together[0].end, alone.end), kWeightRounding);
  for (const TrainingRun& run : together) {
    EXPECT_EQ(difference(run.end, together[0].end), "");
    EXPECT_EQ(run.losses, together[0].losses);
    EXPECT_EQ(run.grad_norms, together[0].grad_norms);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ReplicasTest,
                         ::testing::Values(Case{2, 0}, Case{2, 3}, Case{4, 0}, Case{4, 1}),
                         [](const auto& info) {
                           return std::to_string(info.param.replicas) + "_in_parts_of_" +
                                  std::to_string(info.param.micro_batch);
                         });

TEST(DataParallelTest, EachStageOfZeroGivesTheParametersOfAdamWToTheBit) {
  const std::pair<Case, std::vector<int64_t>> cases[] = {{{2, 3}, {1, 2, 3}}, {{4, 0}, {3}}};
  for (const auto& [sizes, stages] : cases) {
    const auto [replicas, micro_batch] = sizes;
    TrainerConfig config = tiny_config();
    config.micro_batch = micro_batch;
    config.bucket_kib = 16;  // several buckets
    const std::vector<TrainingRun> plain = train_together(replicas, config);
    for (const int64_t zero : stages) {
      config.zero = zero;
      for (const TrainingRun& run : train_together(replicas, config)) {
        EXPECT_EQ(difference(run.end, plain[0].end), "") << "stage " << zero;
        EXPECT_LT(worst_relative(run.grad_norms, plain[0].grad_norms), 1e-12);
        EXPECT_NEAR(run.last.parameter_norm, plain[0].last.parameter_norm, 1e-9);
      }
    }
  }
}

TEST(DataParallelTest, ClipsByTheNormOfTheWholeBatch) {
  TrainerConfig config = tiny_config();
  config.clip_norm = 0.5;
  const TrainingRun alone = train_alone(config);
  ASSERT_GT(*std::ranges::min_element(alone.grad_norms), config.clip_norm);
  for (const int64_t zero : {0, 2}) {
    config.zero = zero;
    const TrainingRun run = train_together(2, config)[0];
    EXPECT_LT(worst_relative(run.grad_norms, alone.grad_norms), kLossRounding) << zero;
    EXPECT_LT(divergence(run.end, alone.end), kWeightRounding) << zero;
  }
}

TEST(DataParallelTest, Bf16ReplicasAgreeWithEachStageOfZero) {
  TrainerConfig config = tiny_config();
  config.model.compute = "bf16";
  const std::vector<TrainingRun> plain = train_together(2, config);
  config.zero = 3;
  EXPECT_EQ(difference(train_together(2, config)[1].end, plain[0].end), "");
}

TEST(DataParallelTest, GoesOnFromASnapshotOfAnyNumberOfReplicasAndAnyStage) {
  TrainerConfig config = tiny_config();
  const Snapshot start = train_alone(config, 2).end;
  std::vector<Snapshot> ends;
  for (const int64_t zero : {0, 1, 2, 3}) {
    config.zero = zero;
    const auto group = ops::local_group(2);
    const auto loss_group = ops::local_group(2);
    std::vector<Snapshot> restored(2);
    ends.emplace_back();
    on_each_rank(2, [&](int64_t rank) {
      omp_set_num_threads(1);
      Trainer trainer(config, tiny_schedule(), kSeed + 1, group[rank]);
      trainer.restore(start);
      restored[rank] = trainer.snapshot();
      StepOutcome outcome;
      replica_step(trainer, *loss_group[rank], tiny_batch(2), outcome);
      const Snapshot end = trainer.snapshot();
      if (rank == 0) ends.back() = end;
    });
    EXPECT_EQ(difference(restored[0], start), "");
    EXPECT_EQ(difference(restored[1], start), "");
    EXPECT_EQ(difference(ends.back(), ends.front()), "") << zero;
  }
}

TEST(DataParallelTest, StagesOfAnotherResolutionAreEntered) {
  TrainingConfig schedule = tiny_schedule();
  schedule.stages = {{.steps = 1, .resolution = 32, .window = 2, .peak_lr = 1e-3},
                     {.steps = 9, .resolution = 64, .window = 4, .peak_lr = 1e-3}};
  std::vector<Snapshot> ends;
  for (const int64_t zero : {0, 1, 2, 3}) {
    TrainerConfig config = tiny_config();
    config.zero = zero;
    const auto group = ops::local_group(2);
    const auto loss_group = ops::local_group(2);
    ends.emplace_back();
    on_each_rank(2, [&](int64_t rank) {
      omp_set_num_threads(1);
      Trainer trainer(config, schedule, kSeed, group[rank]);
      StepOutcome outcome;
      replica_step(trainer, *loss_group[rank], tiny_batch(0, 8, 32), outcome);
      replica_step(trainer, *loss_group[rank], tiny_batch(1, 8, 64), outcome);
      const Snapshot end = trainer.snapshot();
      if (rank == 1) ends.back() = end;
    });
    EXPECT_EQ(difference(ends.back(), ends.front()), "") << zero;
  }
}

TEST(DataParallelTest, GradientThatIsNotFiniteLeavesEveryReplicaAsItWas) {
  for (const int64_t zero : {0, 2, 3}) {
    TrainerConfig config = tiny_config();
    config.zero = zero;
    const auto group = ops::local_group(2);
    on_each_rank(2, [&](int64_t rank) {
      omp_set_num_threads(1);
      Trainer trainer(config, tiny_schedule(), kSeed, group[rank]);
      const Snapshot before = trainer.snapshot();
      const BatchFeatures features = trainer.forward(rows_of(tiny_batch(0), rank * 4, 4));
      ops::UniclLossResult loss{.grad_image = features.image.clone(),
                                .grad_text = features.text.clone()};
      if (rank == 1) loss.grad_text.mutable_data<float>()[3] = INFINITY;
      EXPECT_THAT(problem_of(Errc::diverged, [&] { trainer.finish_step(loss); }),
                  HasSubstr("the gradient norm of step 1 is "));
      EXPECT_EQ(difference(trainer.snapshot(), before), "");
    });
  }
}

TEST(DataParallelTest, ReplicaThatIsLostEndsTheStepOfTheOthers) {
  const auto group = ops::local_group(2, {.deadline_ms = 20});
  Trainer trainer(tiny_config(), tiny_schedule(), kSeed, group[0]);
  const BatchFeatures features = trainer.forward(rows_of(tiny_batch(0), 0, 4));
  const ops::UniclLossResult loss{.grad_image = features.image, .grad_text = features.text};
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { trainer.finish_step(loss); }),
              HasSubstr("rank 1 of 2 was silent for 20 ms"));
}

/// Parameters "part.0" to "part.7" of 1 MiB each and "rest" of 1 MiB.
ParameterSet large_parameters() {
  ParameterSet parameters;
  for (int i = 0; i < 8; ++i) {
    parameters.add(fmt::format("part.{}", i), ops::Tensor::zeros({512, 512}, ops::DType::f32));
  }
  parameters.add("rest", ops::Tensor::zeros({512, 512}, ops::DType::f32));
  return parameters;
}

/// MiB in use after each stage of a step, per replica and without what was there before.
struct Memory {
  double made = 0;       ///< parameters and optimiser
  double gradients = 0;  ///< the same, with the step's gradients
};

Memory measure_memory(int64_t replicas, int64_t zero) {
  ops::Allocator& allocator = ops::allocator({});
  allocator.release_cache();
  const auto in_use = [&, before = allocator.stats().in_use] {
    return static_cast<double>(allocator.stats().in_use - before) /
           static_cast<double>(replicas << 20);
  };
  const auto group = ops::local_group(replicas);
  Memory memory;
  on_each_rank(replicas, [&](int64_t rank) {
    omp_set_num_threads(1);
    const ParameterSet parameters = large_parameters();
    DataParallel optimizer(parameters, {"part."}, {}, group[rank],
                           {.zero = zero, .bucket_bytes = 1 << 20});
    group[rank]->barrier();
    if (rank == 0) memory.made = in_use();
    group[rank]->barrier();
    optimizer.begin_backward();
    for (const Parameter& parameter : parameters.all()) {
      // As the tape does: the leaf's only contribution.
      ops::backward(parameter.variable, ops::Tensor::full({512, 512}, ops::DType::f32, 1));
    }
    optimizer.finish_backward();
    group[rank]->barrier();
    if (rank == 0) memory.gradients = in_use();
    group[rank]->barrier();
  });
  return memory;
}

TEST(DataParallelTest, EachStageOfZeroKeepsItsShareOfTheMemory) {
  constexpr double kParameters = 9;
  constexpr double kMoments = 18;
  constexpr double kGradients = 9;
  // A MiB is a size class; small blocks (sums of norms, step counts) are below a hundredth.
  constexpr double kSmall = 0.01;
  for (const int64_t replicas : {2, 4}) {
    const auto share = 1.0 / static_cast<double>(replicas);
    const Memory plain = measure_memory(replicas, 0);
    EXPECT_NEAR(plain.made, kParameters + kMoments, kSmall);
    EXPECT_NEAR(plain.gradients - plain.made, kGradients, kSmall);
    const Memory first = measure_memory(replicas, 1);
    EXPECT_NEAR(first.made, kParameters + kMoments * share, kSmall);
    EXPECT_NEAR(first.gradients - first.made, kGradients, kSmall);
    const Memory second = measure_memory(replicas, 2);
    EXPECT_NEAR(second.made, kParameters + kMoments * share, kSmall);
    EXPECT_NEAR(second.gradients - second.made, kGradients * share, kSmall);
    const Memory third = measure_memory(replicas, 3);
    EXPECT_NEAR(third.made, 1 + (kParameters - 1) * share + kMoments * share, kSmall);
    EXPECT_NEAR(third.gradients - third.made, kGradients * share, kSmall);
  }
}

}  // namespace
}  // namespace arno::florence

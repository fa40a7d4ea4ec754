// SPDX-License-Identifier: Apache-2.0

#include <csignal>
#include <thread>

#include "actors/checkpointer/checkpointer.h"
#include "actors/contrastive_loss/contrastive_loss.h"
#include "actors/model_shard/model_shard.h"
#include "actors/model_shard/share_state.h"
#include "common/error.h"
#include "florence/training/checkpoint.h"
#include "ops/comm/local_group.h"
#include "tests/actors/stage_fixture.h"
#include "tests/support/file_size_limit.h"

// The stages that make steps, and what becomes of their snapshots.
namespace arno::actors {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kModel =
    "preset: nano\ntext_width: 16\ntext_heads: 2\ntext_layers: 1\ncontext_length: 8\n"
    "vocab_size: 20\nprojection_dim: 8\nthreads: 1\ncheckpoint_every: 2\n";

class RecordingObserver final : public graph::JobObserver {
 public:
  void on_step(const graph::StepReport& report) override { steps.push_back(report); }
  void on_checkpoint(int64_t step, const std::string&) override { checkpoints.push_back(step); }

  std::vector<graph::StepReport> steps;
  std::vector<int64_t> checkpoints;
};

class TrainingStagesTest : public StageTest {
 protected:
  TrainingStagesTest() { context_.observer = &observer_; }

  static florence::TrainingBatch batch(int64_t step) {
    florence::TrainingBatch out{.step = step};
    out.images = ops::Tensor::empty({4, 32, 32, 3}, ops::DType::f32);
    Random random{RandomKey(static_cast<uint64_t>(step))};
    for (float& value : out.images.mutable_data<float>()) {
      value = static_cast<float>(random.normal());
    }
    const std::vector<std::vector<int32_t>> texts{{18, 1, 19}, {18, 2, 3, 19}, {18, 4, 19}};
    out.texts = florence::pack_texts(texts);
    out.text_rows = ops::Tensor::from<int32_t>({4}, std::vector<int32_t>{0, 1, 2, 0});
    out.labels = {0, 1, 2, 0};
    for (uint64_t i = 0; i < 4; ++i) out.keys.push_back(RandomKey(i));
    return out;
  }

  /// One whole step: features out, loss, gradients in.
  void step(graph::Stage& model, int64_t number) {
    give(model, batch(number));
    const auto features = out_.of<FeaturesItem>(ModelShard::kFeatures).back();
    RecordingOutbox of_loss;
    make("contrastive_loss", "{}")->on_item(0, graph::Payload::of(features, 1), of_loss);
    model.on_item(ModelShard::kGradients, graph::Payload::of(of_loss.of<LossItem>(0).at(0), 1),
                  out_);
  }
  std::vector<int64_t> snapshots(ModelShard::Output port = ModelShard::kSnapshots) const {
    std::vector<int64_t> out;
    for (const auto& snapshot : out_.of<florence::Snapshot>(port)) out.push_back(snapshot->step);
    return out;
  }
  static florence::Snapshot snapshot(int64_t step, int64_t floats = 4) {
    florence::Snapshot out{.step = step, .resolution = 32, .window = 4};
    out.weights.push_back({"w", ops::Tensor::full({floats}, ops::DType::f32, 1)});
    return out;
  }
  std::vector<int64_t> on_disk() const {
    std::vector<int64_t> out;
    for (const auto& entry : florence::list_checkpoints(folder_.path())) out.push_back(entry.step);
    return out;
  }

  RecordingObserver observer_;
};

TEST_F(TrainingStagesTest, LossIsThatOfTheFeatures) {
  FeaturesItem features{.step = 9, .labels = {0, 1}};
  features.features.image = ops::Tensor::from<float>({2, 2}, std::vector<float>{1, 0, 0, 1});
  features.features.text = ops::Tensor::from<float>({2, 2}, std::vector<float>{1, 0, 0, 1});
  features.features.log_temperature = 0;
  give(*make("contrastive_loss", "row_block: 1"), features);
  const auto sent = out_.of<LossItem>(ContrastiveLoss::kGradients).at(0);
  EXPECT_EQ(sent->step, 9);
  // Logits are the identity: log(e + 1) - 1 in both directions.
  EXPECT_NEAR(sent->result.loss, std::log(std::exp(1.0) + 1) - 1, 1e-6);
}

TEST_F(TrainingStagesTest, ModelShardHoldsBackBatchesUntilItsGradients) {
  const auto model = make("model_shard", kModel);
  EXPECT_TRUE(model->accepts(ModelShard::kBatches));
  EXPECT_FALSE(model->has_pending_work());
  give(*model, batch(0));
  EXPECT_FALSE(model->accepts(ModelShard::kBatches));
  EXPECT_TRUE(model->accepts(ModelShard::kGradients));
  EXPECT_TRUE(model->has_pending_work());
  const auto features = out_.of<FeaturesItem>(ModelShard::kFeatures).at(0);
  EXPECT_THAT(features->labels, ElementsAre(0, 1, 2, 0));
  RecordingOutbox of_loss;
  make("contrastive_loss", "{}")->on_item(0, graph::Payload::of(features, 1), of_loss);
  model->on_item(ModelShard::kGradients, graph::Payload::of(of_loss.of<LossItem>(0).at(0), 1),
                 out_);
  EXPECT_TRUE(model->accepts(ModelShard::kBatches));
  EXPECT_FALSE(model->has_pending_work());
}

TEST_F(TrainingStagesTest, ModelShardReportsStepsAndSendsSnapshots) {
  context_.training.stages[0].steps = 5;
  const auto model = make("model_shard", std::string(kModel) + "evaluate_every: 3");
  for (int64_t number = 0; number < 5; ++number) step(*model, number);
  model->on_end(out_);
  ASSERT_EQ(observer_.steps.size(), 5u);
  EXPECT_EQ(observer_.steps[4].step, 5);
  EXPECT_EQ(observer_.steps[4].images, 4);
  EXPECT_GE(observer_.steps[4].loss, observer_.steps[4].floor);
  EXPECT_THAT(snapshots(), ElementsAre(2, 4, 5));
  EXPECT_THAT(snapshots(ModelShard::kEvaluations), ElementsAre(3, 5));
}

TEST_F(TrainingStagesTest, ModelShardResumesBitwise) {
  const auto whole = make("model_shard", kModel);
  for (int64_t number = 0; number < 4; ++number) step(*whole, number);
  const auto snapshots = out_.of<florence::Snapshot>(ModelShard::kSnapshots);
  florence::save_checkpoint(folder_.path(), *snapshots.at(0));
  context_.from = graph::newest_commit(folder_.path());
  out_.clear();
  const auto resumed = make("model_shard", kModel);
  for (int64_t number = 2; number < 4; ++number) step(*resumed, number);
  const auto again = out_.of<florence::Snapshot>(ModelShard::kSnapshots).at(0);
  ASSERT_EQ(again->weights.size(), snapshots.at(1)->weights.size());
  for (size_t i = 0; i < again->weights.size(); ++i) {
    const ops::Tensor& a = again->weights[i].value;
    const ops::Tensor& b = snapshots.at(1)->weights[i].value;
    EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.size_bytes()), 0) << again->weights[i].name;
  }
}

TEST_F(TrainingStagesTest, TheFirstReplicaGivesItsStateToTheOthers) {
  const auto whole = make("model_shard", kModel);
  for (int64_t number = 0; number < 3; ++number) step(*whole, number);
  const auto state = whole->committed();
  ASSERT_EQ(state->step, 3);
  const auto group = ops::local_group(2);

  std::shared_ptr<const florence::Snapshot> received;
  std::thread other([&] { received = share_state(nullptr, *group[1]); });
  EXPECT_EQ(share_state(state, *group[0]), state);
  other.join();

  EXPECT_EQ(received->step, 3);
  EXPECT_EQ(received->model_yaml, state->model_yaml);
  const auto expect_equal = [](const std::vector<florence::NamedTensor>& found,
                               const std::vector<florence::NamedTensor>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      const ops::Tensor& a = found[i].value;
      const ops::Tensor& b = expected[i].value;
      EXPECT_EQ(found[i].name, expected[i].name);
      ASSERT_EQ(a.describe(), b.describe());
      EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.size_bytes()), 0) << found[i].name;
    }
  };
  expect_equal(received->weights, state->weights);
  expect_equal(received->optimizer, state->optimizer);
}

TEST_F(TrainingStagesTest, AModelShardThatWasAbortedGoesOnBitwise) {
  const auto whole = make("model_shard", kModel);
  for (int64_t number = 0; number < 4; ++number) step(*whole, number);
  const auto expected = whole->committed();
  const auto broken = make("model_shard", kModel);
  for (int64_t number = 0; number < 2; ++number) step(*broken, number);
  give(*broken, batch(2));  // and its loss never comes

  context_.from = {.step = 2, .state = broken->committed(), .back = true};
  const auto again = make("model_shard", kModel);
  for (int64_t number = 2; number < 4; ++number) step(*again, number);

  const auto found = again->committed();
  ASSERT_EQ(found->step, 4);
  for (size_t i = 0; i < found->weights.size(); ++i) {
    const ops::Tensor& a = found->weights[i].value;
    const ops::Tensor& b = expected->weights[i].value;
    EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.size_bytes()), 0) << found->weights[i].name;
  }
}

TEST_F(TrainingStagesTest, ModelShardRefusesTheCheckpointOfAnotherModel) {
  const auto model = make("model_shard", kModel);
  step(*model, 0);
  model->on_end(out_);
  florence::save_checkpoint(folder_.path(),
                            *out_.of<florence::Snapshot>(ModelShard::kSnapshots).at(0));
  context_.from = graph::newest_commit(folder_.path());
  try {
    make("model_shard", std::string(kModel) + "drop_path: 0");
  } catch (const Error& error) {
    FAIL() << "the same weights: " << error.what();
  }
  std::string other = kModel;
  other.replace(other.find("projection_dim: 8"), 17, "projection_dim: 9");
  try {
    make("model_shard", other);
    FAIL() << "other shapes";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::data_corrupt);
  }
}

TEST_F(TrainingStagesTest, CheckpointerKeepsTheNewest) {
  const auto save = make("checkpointer", "keep: 2");
  for (const int64_t step : {1, 2, 3}) give(*save, snapshot(step));
  EXPECT_THAT(on_disk(), ElementsAre(2, 3));
  EXPECT_THAT(observer_.checkpoints, ElementsAre(1, 2, 3));
}

TEST_F(TrainingStagesTest, CheckpointerStopsOrWarnsWhenTheDiskIsFull) {
  const auto stops = make("checkpointer", "on_failure: stop");
  const auto warns = make("checkpointer", "on_failure: warn");
  give(*stops, snapshot(1));
  {
    const arno::testing::FileSizeLimit full(16384);
    try {
      give(*stops, snapshot(2, 100000));
      FAIL() << "there is no room";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::io_failed);
      EXPECT_THAT(error.what(), HasSubstr("00000002"));
    }
    give(*warns, snapshot(3, 100000));
  }
  EXPECT_THAT(on_disk(), ElementsAre(1)) << "nothing is half there";
  give(*warns, snapshot(4, 100000));
  EXPECT_THAT(on_disk(), ElementsAre(1, 4));
  EXPECT_THAT(observer_.checkpoints, ElementsAre(1, 4));
}

}  // namespace
}  // namespace arno::actors

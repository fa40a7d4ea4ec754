// SPDX-License-Identifier: Apache-2.0
#include "florence/training/checkpoint.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>

#include "common/error.h"
#include "io/safetensors.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/problem_of.h"

namespace arno::florence {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A run's folder of its own for each test.
class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() { fs::create_directories(run_); }
  ~CheckpointTest() override { fs::remove_all(run_); }

  std::vector<int64_t> steps() const {
    std::vector<int64_t> out;
    for (const CheckpointEntry& entry : list_checkpoints(run_)) out.push_back(entry.step);
    return out;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(run_ / "checkpoints")) {
      out.push_back(entry.path().filename());
    }
    std::ranges::sort(out);
    return out;
  }

  const fs::path run_ = fs::path(::testing::TempDir()) /
                        (std::string("arno_") + std::to_string(::getpid()) + "_" +
                         ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

Snapshot snapshot_of(int64_t step, int64_t elements = 6) {
  const auto filled = [&](double value) {
    return ops::Tensor::full({elements}, ops::DType::f32, value + static_cast<double>(step));
  };
  return {.step = step,
          .resolution = 64,
          .window = 4,
          .model_yaml = "preset: nano\n",
          .weights = {{"a", filled(0.5)}, {"b", filled(-2)}},
          .optimizer = {{"exp_avg.a", filled(3)},
                        {"steps.a", ops::Tensor::from<int64_t>({}, std::vector<int64_t>{step})}}};
}

void expect_equal(const std::vector<NamedTensor>& found, const std::vector<NamedTensor>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (const NamedTensor& tensor : wanted) {
    ops::Tensor copy = ops::Tensor::zeros(tensor.value.shape(), tensor.value.dtype());
    copy_checked(found, tensor.name, copy);
    EXPECT_EQ(0, std::memcmp(copy.raw(), tensor.value.raw(), copy.size_bytes())) << tensor.name;
  }
}

using arno::testing::problem_of;

TEST_F(CheckpointTest, ComesBackAsItWas) {
  const Snapshot saved = snapshot_of(1000);

  const fs::path folder = save_checkpoint(run_, saved);
  const Snapshot loaded = load_checkpoint(folder);

  EXPECT_EQ(folder, run_ / "checkpoints" / "step-00001000");
  EXPECT_EQ(loaded.step, 1000);
  EXPECT_EQ(loaded.resolution, 64);
  EXPECT_EQ(loaded.window, 4);
  EXPECT_EQ(loaded.model_yaml, saved.model_yaml);
  EXPECT_EQ(loaded.size_bytes(), saved.size_bytes());
  expect_equal(loaded.weights, saved.weights);
  expect_equal(loaded.optimizer, saved.optimizer);
}

TEST_F(CheckpointTest, ASavedStepStaysAsItIs) {
  const Snapshot first = snapshot_of(7, 3);
  save_checkpoint(run_, first);
  expect_equal(load_checkpoint(save_checkpoint(run_, snapshot_of(7, 5))).weights, first.weights);
  EXPECT_THAT(names(), ElementsAre("step-00000007"));
}

TEST_F(CheckpointTest, WeightsAreFoundFromRunFolderOrFile) {
  save_checkpoint(run_, snapshot_of(5));
  const fs::path newest = save_checkpoint(run_, snapshot_of(12));
  for (const fs::path& path : {run_, newest, newest / "weights.safetensors"}) {
    const Snapshot loaded = load_weights(path);
    EXPECT_EQ(loaded.step, 12) << path;
    EXPECT_TRUE(loaded.optimizer.empty());
  }
  EXPECT_THAT(problem_of(Errc::io_failed, [&] { load_weights(run_ / "none"); }),
              HasSubstr((run_ / "none").string() + ": holds no checkpoint"));
}

TEST_F(CheckpointTest, WhatIsNoCompleteCheckpointIsIgnored) {
  EXPECT_FALSE(newest_checkpoint(run_));
  save_checkpoint(run_, snapshot_of(3));
  for (const char* name : {".unfinished-00000009", "step-", "step-12x", "other"}) {
    fs::create_directories(run_ / "checkpoints" / name);
  }
  std::ofstream(run_ / "checkpoints" / "step-00000010") << "a file";
  EXPECT_THAT(steps(), ElementsAre(3));
  EXPECT_EQ(newest_checkpoint(run_)->step, 3);
}

TEST_F(CheckpointTest, PruningKeepsTheNewest) {
  for (const int64_t step : {100, 9, 20, 3}) save_checkpoint(run_, snapshot_of(step));
  fs::create_directories(run_ / "checkpoints" / ".unfinished-00000200");
  prune_checkpoints(run_, 5);
  EXPECT_THAT(steps(), ElementsAre(3, 9, 20, 100));
  prune_checkpoints(run_, 2);
  EXPECT_THAT(names(), ElementsAre("step-00000020", "step-00000100"));
}

TEST_F(CheckpointTest, DamagedOrMissingFileIsNamed) {
  const fs::path folder = save_checkpoint(run_, snapshot_of(1));
  const fs::path weights = folder / "weights.safetensors";
  const fs::path optimizer = folder / "optimizer.safetensors";

  fs::resize_file(optimizer, fs::file_size(optimizer) - 1);
  EXPECT_THAT(problem_of(Errc::data_corrupt, [&] { load_checkpoint(folder); }),
              HasSubstr(optimizer.string()));
  fs::remove(optimizer);
  EXPECT_THAT(problem_of(Errc::io_failed, [&] { load_checkpoint(folder); }),
              HasSubstr(optimizer.string()));
  EXPECT_EQ(load_weights(folder).step, 1);
  fs::resize_file(weights, 40);
  EXPECT_THAT(problem_of(Errc::data_corrupt, [&] { load_weights(folder); }),
              HasSubstr(weights.string()));
}

TEST_F(CheckpointTest, MetadataIsNotTrusted) {
  const fs::path path = run_ / "weights.safetensors";
  const std::map<std::string, std::string> right{
      {"step", "1"}, {"resolution", "64"}, {"window", "4"}, {"model", ""}};
  io::write_safetensors(path, {}, right);
  EXPECT_EQ(load_weights(path).step, 1);
  for (const auto& [key, value] : {std::pair<std::string, std::string>{"step", "-1"},
                                   {"step", "1x"},
                                   {"step", ""},
                                   {"step", "99999999999999999999"},
                                   {"resolution", "0"},
                                   {"resolution", "900000000000"},
                                   {"window", "0"},
                                   {"window", "900000000000"}}) {
    auto metadata = right;
    metadata[key] = value;
    io::write_safetensors(path, {}, metadata);
    const std::string problem = problem_of(Errc::data_corrupt, [&] { load_weights(path); });
    EXPECT_THAT(problem, HasSubstr(path.string())) << key << " = " << value;
    EXPECT_THAT(problem, HasSubstr('"' + key + '"')) << key << " = " << value;
  }
}

TEST_F(CheckpointTest, FullDiskLeavesEarlierCheckpointsAlone) {
  const Snapshot earlier = snapshot_of(1);
  save_checkpoint(run_, earlier);
  {
    const arno::testing::FileSizeLimit limit(4096);
    EXPECT_THAT(problem_of(Errc::io_failed, [&] { save_checkpoint(run_, snapshot_of(2, 100000)); }),
                HasSubstr("weights.safetensors"));
  }
  EXPECT_THAT(names(), ElementsAre("step-00000001"));
  expect_equal(load_checkpoint(newest_checkpoint(run_)->path).weights, earlier.weights);
}

TEST_F(CheckpointTest, FolderThatCannotBeMadeIsNamed) {
  std::ofstream(run_ / "checkpoints") << "a file where the folder should be";
  EXPECT_THAT(problem_of(Errc::io_failed, [&] { save_checkpoint(run_, snapshot_of(1)); }),
              HasSubstr((run_ / "checkpoints" / "step-00000001").string()));
}

}  // namespace
}  // namespace arno::florence

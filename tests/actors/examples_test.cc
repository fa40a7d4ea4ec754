// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>

#include "actors/builtin.h"
#include "graph/job_patch.h"

namespace arno::actors {
namespace {

/// The data of an example need not be there when tests run; everything else must be right.
bool is_about_missing_data(const ConfigProblem& problem) {
  return problem.key.find(".shards") != std::string::npos ||
         problem.key.find(".vocabulary") != std::string::npos;
}

class ExamplesTest : public ::testing::Test {
 protected:
  ExamplesTest() { register_builtin_actors(registry_); }

  static std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") out.push_back(entry.path());
    }
    return out;
  }

  static void expect_only_missing_data(const ConfigProblems& problems) {
    for (const ConfigProblem& problem : problems) {
      EXPECT_TRUE(is_about_missing_data(problem)) << problem.to_string();
    }
  }

  graph::Registry registry_;
  const std::filesystem::path folder_ =
      std::filesystem::path(ARNO_TEST_DATA_DIR) / ".." / ".." / "examples";
};

TEST_F(ExamplesTest, EveryJobFileIsValid) {
  const auto files = files_in(folder_);
  EXPECT_GE(files.size(), 2u);
  for (const auto& file : files) {
    ConfigProblems problems;
    graph::make_plan(RawConfig::from_file(file), registry_, problems);
    expect_only_missing_data(problems);
  }
}

TEST_F(ExamplesTest, EveryPatchFitsItsJob) {
  ConfigProblems of_job;
  const graph::Plan job =
      graph::make_plan(RawConfig::from_file(folder_ / "florence_nano.yaml"), registry_, of_job);
  const auto files = files_in(folder_ / "attach");
  EXPECT_GE(files.size(), 3u);
  for (const auto& file : files) {
    ConfigProblems problems;
    const graph::PlanStep step =
        graph::read_patch(job, RawConfig::from_file(file), registry_, problems);
    expect_only_missing_data(problems);
    EXPECT_TRUE(!problems.empty() || !step.changes.empty()) << file;
  }
}

TEST_F(ExamplesTest, ReplicasOnNodesAndMoreOfThem) {
  const auto folder = folder_ / "replicas_on_nodes";
  ConfigProblems problems;
  const graph::Plan job = graph::make_plan(
      RawConfig::from_file(folder / "florence_nano_replicas_on_nodes.yaml"), registry_, problems);
  expect_only_missing_data(problems);
  problems.clear();
  const graph::PlanStep step = graph::read_patch(
      job, RawConfig::from_file(folder / "two_more_replicas.yaml"), registry_, problems);
  expect_only_missing_data(problems);
  if (!problems.empty()) return;
  EXPECT_TRUE(graph::moves_state(job, step.next));
  const graph::PlanStep back = graph::read_patch(
      step.next, RawConfig::from_file(folder / "two_again.yaml"), registry_, problems);
  expect_only_missing_data(problems);
  EXPECT_THAT(back.changes, ::testing::Contains("- model[3] (model_shard) on node beta"));
}

}  // namespace
}  // namespace arno::actors

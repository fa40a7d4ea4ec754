// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "actors/builtin.h"
#include "graph/plan.h"

namespace arno::actors {
namespace {

/// The data of an example need not be there when tests run; everything else must be right.
bool is_about_missing_data(const ConfigProblem& problem) {
  return problem.key.find(".shards") != std::string::npos ||
         problem.key.find(".vocabulary") != std::string::npos;
}

TEST(ExamplesTest, EveryJobFileIsValid) {
  graph::Registry registry;
  register_builtin_actors(registry);
  const auto folder = std::filesystem::path(ARNO_TEST_DATA_DIR) / ".." / ".." / "examples";
  int files = 0;

  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    ConfigProblems problems;
    graph::make_plan(RawConfig::from_file(entry.path()), registry, problems);
    for (const ConfigProblem& problem : problems) {
      EXPECT_TRUE(is_about_missing_data(problem)) << problem.to_string();
    }
  }

  EXPECT_GE(files, 2);
}

}  // namespace
}  // namespace arno::actors

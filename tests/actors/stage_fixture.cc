// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/stage_fixture.h"

namespace arno::actors {

StageTest::StageTest() {
  register_builtin_actors(registry_);
  context_.actor = "tested";
  context_.seed = 7;
  context_.output = folder_.path();
  context_.training.batch_size = 4;
  context_.training.stages = {{.name = "first", .steps = 100, .resolution = 32}};
}

std::string StageTest::problems_of(const std::string& kind, const std::string& options) const {
  ConfigProblems problems;
  const RawConfig raw = RawConfig::from_text(options, "job.yaml");
  const auto read = registry_.find(kind)->read_options(raw, problems);
  if (problems.empty()) read->check(context_, raw, problems);
  std::string out;
  for (const ConfigProblem& problem : problems) out += problem.to_string() + "\n";
  return out;
}

std::unique_ptr<graph::Stage> StageTest::make(const std::string& kind,
                                              const std::string& options) const {
  ConfigProblems problems;
  const auto read =
      registry_.find(kind)->read_options(RawConfig::from_text(options, "job.yaml"), problems);
  throw_if_any(problems);
  return read->make_stage(context_);
}

}  // namespace arno::actors

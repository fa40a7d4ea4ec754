// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <string>

#include "common/error.h"
#include "graph/job_config.h"

namespace {

using arno::ConfigProblem;
using arno::ConfigProblems;
using arno::RawConfig;
using arno::graph::JobConfig;

constexpr size_t kMaxText = 1 << 14;  // Longer texts only repeat what shorter ones find.

void check(bool condition) {
  if (!condition) std::abort();
}

/// Every problem can be shown, and its line is one of the text.
void check_problems(const ConfigProblems& problems, std::string_view text) {
  const auto lines = std::ranges::count(text, '\n') + 1;
  for (const ConfigProblem& problem : problems) {
    check(!problem.text.empty() && problem.line >= 0 && problem.line <= lines);
    check(!problem.to_string().empty());
  }
}

/// What was read without a problem reads back the same after printing.
void check_round_trip(const JobConfig& config) {
  const std::string printed = arno::to_yaml(config);
  JobConfig again;
  ConfigProblems problems;
  RawConfig::from_text(printed).read(again, problems);
  check(problems.empty() && arno::to_yaml(again) == printed);
}

void read_job(std::string_view text) {
  const RawConfig raw = RawConfig::from_text(text, "fuzz.yaml");
  JobConfig config;
  ConfigProblems problems;
  raw.read(config, problems);
  problems.push_back(raw.problem_at("edges[1].from", "asked for"));
  problems.push_back(raw.problem_at(text.substr(0, 64), "asked for"));
  check_problems(problems, text);
  if (problems.size() == 2) check_round_trip(config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kMaxText) return 0;
  try {
    read_job({reinterpret_cast<const char*>(data), size});
  } catch (const arno::Error& error) {
    check(error.code() == arno::Errc::config_invalid);
  }
  return 0;
}

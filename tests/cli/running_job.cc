// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/running_job.h"

#include <fmt/format.h>

namespace arno::cli {

RunningJobTest::Running RunningJobTest::start(const std::string& job_file,
                                              const std::string& output, bool resume) {
  std::vector<std::string> words{"run", job_file, "--output", path(output)};
  if (resume) words.emplace_back("--resume");
  Running out{output, std::make_unique<Process>(words, folder_ / (output + ".txt"), here_)};
  EXPECT_TRUE(wait_until(*out.process, [&] {
    return std::filesystem::exists(folder_.path() / output / "control.address");
  })) << out.process->wait().text;
  return out;
}

void RunningJobTest::go_on(Running& job, int64_t steps_more) {
  const int64_t wanted = logged_steps(job.output) + steps_more;
  EXPECT_TRUE(wait_until(*job.process, [&] { return logged_steps(job.output) >= wanted; }))
      << job.process->wait().text;
}

void RunningJobTest::wait_for(Running& job, const std::string& text) {
  EXPECT_TRUE(wait_until(*job.process, [&] {
    return io::read_text(folder_ / (job.output + ".txt")).find(text) != std::string::npos;
  })) << job.process->wait().text;
}

void RunningJobTest::stop(Running& job, const std::string& key) {
  std::vector<std::string> words{"stop", path(job.output)};
  if (!key.empty()) words.insert(words.end(), {"--key", key});
  const Finished told = arno(words);
  EXPECT_EQ(told.code, 0) << told.text;
  const Finished ended = job.process->wait();
  EXPECT_EQ(ended.code, 0) << ended.text;
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / job.output / "control.address"));
}

Finished RunningJobTest::attach(const Running& job, const std::string& patch) {
  io::write_text(path("patch.yaml"), patch);
  return arno({"attach", path(job.output), path("patch.yaml")});
}

std::string RunningJobTest::judge(const std::string& vocabulary) const {
  return fmt::format(
      R"(actors:
  judge:
    kind: evaluator
    options: {{vocabulary: '{}', tasks: [{{name: again, protocol: retrieval, shards: ['{}']}}]}}
edges:
  - {{from: model.evaluations, to: judge.snapshots, capacity: 1}}
)",
      path(vocabulary), path("a.tar"));
}

void RunningJobTest::expect_same_curve(const std::string& output, const std::string& job_file) {
  Running other = start(job_file, output + "_undisturbed");
  go_on(other, logged_steps(output));
  stop(other);
  const std::vector<std::string> found = step_lines(output);
  std::vector<std::string> expected = step_lines(other.output);
  ASSERT_GE(expected.size(), found.size());
  expected.resize(found.size());
  EXPECT_EQ(found, expected);
}

}  // namespace arno::cli

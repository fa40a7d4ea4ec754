// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/running_job.h"

namespace arno::cli {
namespace {

using ::testing::HasSubstr;

/// Orders that come while another is being carried out: one to attach an evaluator whose vocabulary
/// is a pipe, which is read until the test closes it.
class OrderTest : public RunningJobTest {
 protected:
  ~OrderTest() override {
    if (pipe_ >= 0) close(pipe_);
  }

  /// Gives an order; the job carries it out until let_go().
  std::unique_ptr<Process> give_order_that_waits(Running& job) {
    EXPECT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
    io::write_text(path("patch.yaml"), judge("pipe"));
    auto out = begin({"attach", path(job.output), path("patch.yaml")}, "attach.txt");
    // It can be opened as soon as somebody reads it.
    EXPECT_TRUE(wait_until(*job.process, [&] {
      pipe_ = open(path("pipe").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      return pipe_ >= 0;
    }));
    return out;
  }
  /// The vocabulary is found to be none, now and when it is opened again.
  void let_go() {
    io::write_text(path("none"), "none");
    std::filesystem::rename(path("none"), path("pipe"));
    close(std::exchange(pipe_, -1));
  }

  /// Gives another order, which waits.
  std::unique_ptr<Process> give_next_order(Running& job) {
    auto out = begin({"edge", path(job.output), kEdge, "--credit", "4"}, "edge.txt");
    wait_for(job, fmt::format("credit {} waits for the order before it", kEdge));
    return out;
  }

  static constexpr const char* kEdge = "batch.batches->model.batches";
  static constexpr const char* kRefused = "actors.judge.options.vocabulary: ";

 private:
  std::unique_ptr<Process> begin(const std::vector<std::string>& words, const std::string& log) {
    return std::make_unique<Process>(words, folder_ / log, here_);
  }

  int pipe_ = -1;
};

TEST_F(OrderTest, QuestionsAreAnsweredMeanwhileAndOrdersKeepTheirOrder) {
  Running job = start(endless(), "run");
  const auto attach = give_order_that_waits(job);
  const auto edge = give_next_order(job);

  EXPECT_THAT(arno({"status", path("run")}).text, HasSubstr(" running "));
  EXPECT_EQ(arno({"detach", path("run"), "evaluate", "--dry-run"}).text,
            "- evaluate (evaluator)\n- model.evaluations->evaluate.snapshots\n");
  EXPECT_TRUE(attach->running());
  EXPECT_TRUE(edge->running());
  let_go();

  EXPECT_THAT(attach->wait().text, HasSubstr(kRefused));
  EXPECT_EQ(edge->wait().text, fmt::format("~ {}: 1 -> 4 items, 256 -> 256 MiB\n", kEdge));
  stop(job);
}

TEST_F(OrderTest, WhatWaitsWhenTheJobEndsIsRefused) {
  Running job = start(endless(), "run");
  const auto attach = give_order_that_waits(job);
  const auto edge = give_next_order(job);

  EXPECT_EQ(arno({"stop", path("run")}).code, 0);

  const Finished refused = edge->wait();
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.text, "arno: the order was not begun: the job is ending\n");
  let_go();
  EXPECT_THAT(attach->wait().text, HasSubstr(kRefused));
  const Finished ended = job.process->wait();
  EXPECT_EQ(ended.code, 0) << ended.text;
}

}  // namespace
}  // namespace arno::cli

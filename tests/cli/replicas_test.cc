// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <csignal>

#include "tests/cli/job_fixture.h"

namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ReplicasTest : public JobTest {};

TEST_F(ReplicasTest, TwoModelsGiveTheCurveOfOne) {
  ASSERT_EQ(run(job(), "one").code, 0);
  const Finished done = run(job({.model_replicas = 2}), "two");
  ASSERT_EQ(done.code, 0) << done.text;
  const std::vector<double> one = losses("one");
  const std::vector<double> two = losses("two");
  ASSERT_EQ(one.size(), 12U);
  ASSERT_EQ(two.size(), one.size());
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(two[i], one[i], 1e-4 * one[i]) << i;
}

TEST_F(ReplicasTest, EachStageOfZeroWritesTheSameCheckpoint) {
  ASSERT_EQ(run(job({.model_replicas = 2}), "plain").code, 0);
  EXPECT_FALSE(final_weights("plain").empty());
  for (const int zero : {1, 2, 3}) {
    const std::string output = fmt::format("zero{}", zero);
    const Finished done =
        run(job({.model_replicas = 2, .model_options = fmt::format("zero: {}", zero)}), output);
    ASSERT_EQ(done.code, 0) << done.text;
    EXPECT_EQ(final_weights(output), final_weights("plain")) << zero;
    EXPECT_EQ(losses(output), losses("plain")) << zero;
    const std::string state = "checkpoints/step-00000012/optimizer.safetensors";
    EXPECT_EQ(file(output, state), file("plain", state)) << zero;
  }
}

TEST_F(ReplicasTest, KilledAndResumedEqualsUndisturbed) {
  const std::string job_file =
      job({.steps = 40, .model_replicas = 2, .model_options = "zero: 2, micro_batch: 3"});
  ASSERT_EQ(run(job_file, "whole").code, 0);
  Process process({"run", job_file, "--output", path("killed")}, folder_ / "first.txt");
  ASSERT_TRUE(wait_until(process, [&] {
    return std::filesystem::exists(folder_.path() / "killed/checkpoints/step-00000004");
  }));
  process.signal(SIGKILL);
  process.wait();
  const Finished second = run(job_file, "killed", /*resume=*/true);
  EXPECT_EQ(second.code, 0) << second.text;
  EXPECT_EQ(log("killed"), log("whole"));
  const std::string weights = "checkpoints/step-00000040/weights.safetensors";
  EXPECT_FALSE(file("whole", weights).empty());
  EXPECT_EQ(file("killed", weights), file("whole", weights));
}

TEST_F(ReplicasTest, OneMayGoOnWithWhatTwoBegan) {
  ASSERT_EQ(run(job({.steps = 4, .model_replicas = 2, .model_options = "zero: 3"}), "run").code, 0);
  train_on("run", 12);
  const Finished done = run(job(), "run", /*resume=*/true);
  EXPECT_EQ(done.code, 0) << done.text;
  EXPECT_EQ(losses("run").size(), 12U);
}

TEST_F(ReplicasTest, RowsThatDoNotDivideAreRefused) {
  const Finished done = run(job({.batch_size = 7, .model_replicas = 2}), "run");
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.text, AllOf(HasSubstr("training.batch_size"),
                               HasSubstr("found 7, expected a multiple of the 2 replicas")));
}

TEST_F(ReplicasTest, UnknownStageOfZeroIsRefused) {
  const Finished done = run(job({.model_options = "zero: 4"}), "run");
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.text, HasSubstr("zero"));
  const Finished misspelt = run(job({.model_options = "zerro: 1"}), "run");
  EXPECT_EQ(misspelt.code, 2);
  EXPECT_THAT(misspelt.text, HasSubstr("zero"));
}

}  // namespace
}  // namespace arno::cli

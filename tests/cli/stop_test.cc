// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>

#include "tests/cli/job_fixture.h"

namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Jobs that are stopped in the middle and go on.
class StopTest : public JobTest {
 protected:
  /// Runs a job until it has saved a step, then sends it signals. They arrive together: the
  /// process stands still while they are sent.
  Finished stop(const std::string& job_file, const std::string& output, int64_t saved_step,
                const std::vector<int>& signals) {
    Process process({"run", job_file, "--output", path(output)}, folder_ / "first.txt");
    const auto checkpoint =
        folder_.path() / output / fmt::format("checkpoints/step-{:08}", saved_step);
    EXPECT_TRUE(wait_until(process, [&] { return std::filesystem::exists(checkpoint); }))
        << process.wait().text;
    process.signal(SIGSTOP);
    for (const int signal : signals) process.signal(signal);
    process.signal(SIGCONT);
    return process.wait();
  }

  /// Goes on from where a run stopped; it must end as the undisturbed one did.
  void resume_and_compare(const std::string& job_file, const std::string& output,
                          const std::string& undisturbed) {
    const Finished resumed = run(job_file, output, /*resume=*/true);
    EXPECT_EQ(resumed.code, 0) << resumed.text;
    EXPECT_THAT(resumed.text, HasSubstr("resumed at step"));
    EXPECT_EQ(log(undisturbed), log(output));
  }

  /// The steps that a run has saved, in order.
  std::vector<std::string> checkpoints(const std::string& output) const {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path() / output / "checkpoints")) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(StopTest, TheTerminationSignalSavesAndDrains) {
  const std::string file = job({.steps = 60});
  ASSERT_EQ(run(file, "whole").code, 0);

  const Finished stopped = stop(file, "run", 4, {SIGTERM});

  EXPECT_EQ(stopped.code, 130) << stopped.text;
  EXPECT_THAT(stopped.text, HasSubstr("draining"));
  const int64_t done = logged_steps("run");
  EXPECT_LT(done, 60);
  EXPECT_EQ(checkpoints("run").back(), fmt::format("step-{:08}", done))
      << "what was trained is saved";
  resume_and_compare(file, "run", "whole");
}

TEST_F(StopTest, ASecondSignalStopsAtOnce) {
  const std::string file = job({.steps = 60, .checkpoint_every = 4});
  ASSERT_EQ(run(file, "whole").code, 0);

  const Finished stopped = stop(file, "run", 4, {SIGINT, SIGTERM});

  EXPECT_EQ(stopped.code, 1) << stopped.text;
  EXPECT_THAT(stopped.text,
              AllOf(HasSubstr("draining; a second Ctrl-C stops at once"),
                    HasSubstr("\narno: stopped by a second signal, without a checkpoint\n")));
  EXPECT_EQ(std::stoi(checkpoints("run").back().substr(5)) % 4, 0) << "no step was saved to stop";
  resume_and_compare(file, "run", "whole");
}

TEST_F(StopTest, ThreeStagesKilledInTheThirdAndResumed) {
  const std::string file =
      job({.stages = "[{name: all texts, steps: 8, resolution: 32, peak_lr: 1.0e-3},"
                     " {name: long texts, steps: 4, resolution: 32, texts: long, peak_lr: 5.0e-4},"
                     " {name: higher resolution, steps: 24, resolution: 48, peak_lr: 5.0e-4}]",
           .replicas = 2});
  const Finished whole = run(file, "whole");
  ASSERT_EQ(whole.code, 0) << whole.text;
  EXPECT_EQ(logged_steps("whole"), 36);
  for (const char* last : {R"("stage":"all texts","step":8)", R"("stage":"long texts","step":12)",
                           R"("stage":"higher resolution","step":36)"}) {
    EXPECT_THAT(log("whole"), HasSubstr(last));
  }

  const Finished killed = stop(file, "run", 16, {SIGKILL});

  EXPECT_EQ(killed.code, -SIGKILL) << killed.text;
  resume_and_compare(file, "run", "whole");
  const std::string weights = "checkpoints/step-00000036/weights.safetensors";
  EXPECT_FALSE(this->file("run", weights).empty());
  EXPECT_EQ(this->file("whole", weights), this->file("run", weights));
}

}  // namespace
}  // namespace arno::cli

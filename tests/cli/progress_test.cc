// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gmock/gmock.h>

#include <memory>

namespace arno::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What Progress wrote to a temporary file.
class ProgressTest : public ::testing::Test {
 protected:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::string written() {
    std::string out(4096, '\0');
    std::rewind(file_.get());
    out.resize(std::fread(out.data(), 1, out.size(), file_.get()));
    return out;
  }

  static graph::StepReport report(int64_t step) {
    return {.step = step,
            .total_steps = 2,
            .stage = "all",
            .loss = 3.5,
            .floor = 1.25,
            .learning_rate = 1e-3,
            .images = 8};
  }

  std::unique_ptr<std::FILE, Close> file_{std::tmpfile()};
};

TEST_F(ProgressTest, PlainLinesShowTheLossAboveItsFloor) {
  Progress progress(file_.get(), /*live=*/false);

  progress.on_step(report(1));
  progress.on_step(report(2));

  EXPECT_THAT(written(), HasSubstr("[all] step 1/2  loss 2.2500 above floor  lr 1.00e-03"));
  EXPECT_THAT(written(), HasSubstr("step 2/2"));
  EXPECT_THAT(written(), Not(HasSubstr("\r")));
}

TEST_F(ProgressTest, TheLiveLineIsDrawnInPlaceAndClearedForWholeLines) {
  Progress progress(file_.get(), /*live=*/true);

  progress.on_step(report(2));
  progress.on_checkpoint(2, "runs/x");

  EXPECT_THAT(written(), HasSubstr("\r\033[K[all] step 2/2"));
  EXPECT_THAT(written(), HasSubstr("\r\033[Ksaved step 2 to runs/x\n"));
}

TEST_F(ProgressTest, EvaluationsNameTheirFigures) {
  Progress progress(file_.get(), /*live=*/false);

  progress.on_evaluation({.step = 7, .tasks = {{.name = "fashion", .figures = {{"top1", 0.5}}}}});

  EXPECT_THAT(written(), HasSubstr("evaluation at step 7:  fashion/top1 0.5000\n"));
}

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "tests/cli/node_fixture.h"
#include "tests/support/small_disk.h"

// What a job does when a disk that it writes to is full, and when there is room again.
namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SmallDisk;
using ::testing::StartsWith;

constexpr int64_t kAmple = 256 << 10;  // KiB

class FullDiskTest : public NodeTest {
 protected:
  void SetUp() override {
    const std::string missing = SmallDisk::missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }

  /// Leaves no room on a disk of kAmple.
  static void fill(SmallDisk& disk) { disk.resize(kAmple - disk.free_kib()); }
  /// Nor in the last block of this file.
  void fill(SmallDisk& disk, const std::string& name) {
    fill(disk);
    std::ofstream file(path(name), std::ios::app | std::ios::binary);
    while (file.put(' ').flush()) {
    }
  }
  /// A job file whose checkpointer warns.
  std::string warning(std::string job_file) {
    std::string text = io::read_text(job_file);
    const std::string keep = "keep: 10";
    text.insert(text.find(keep) + keep.size(), ", on_failure: warn");
    io::write_text(job_file, text);
    return job_file;
  }
  std::vector<std::string> in_checkpoints(const std::string& output) const {
    std::vector<std::string> out;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path() / output / "checkpoints")) {
      out.push_back(entry.path().filename());
    }
    std::ranges::sort(out);
    return out;
  }
};

TEST_F(FullDiskTest, TheJobStopsAndGoesOnWhenThereIsRoom) {
  SmallDisk disk(folder_ / "run", kAmple);
  const std::string file_of_job = job();
  ASSERT_EQ(run(job({.steps = 4}), "first").code, 0);
  // Room for one checkpoint and a half.
  int64_t kib = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_.path() / "first/checkpoints/step-00000004")) {
    kib += static_cast<int64_t>(entry.file_size() >> 10);
  }
  disk.resize(kib + kib / 2);

  const Finished full = run(file_of_job, "run");
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.text, AllOf(HasSubstr("arno: "), HasSubstr("checkpoints/"),
                               HasSubstr("No space left on device")));
  EXPECT_THAT(in_checkpoints("run"), ::testing::ElementsAre("step-00000004"));

  disk.resize(kAmple);
  const Finished resumed = run(file_of_job, "run", /*resume=*/true);
  ASSERT_EQ(resumed.code, 0) << resumed.text;
  ASSERT_EQ(run(file_of_job, "alone").code, 0);
  EXPECT_EQ(log("run"), log("alone"));
  EXPECT_EQ(final_weights("run"), final_weights("alone"));
}

TEST_F(FullDiskTest, AJobThatWarnsLosesNoLineOfItsLog) {
  SmallDisk disk(folder_ / "run", kAmple);
  const std::string file_of_job = warning(job({.steps = 100'000, .checkpoint_every = 20}));
  Running running = start(file_of_job, "run");
  go_on(running, 25);

  fill(disk);
  wait_for(running, "was not saved");
  wait_for(running, "lines wait until they can be written");
  const Finished refused =
      arno({"edge", path("run"), "decode.images->augment.images", "--credit", "40"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.text, AllOf(HasSubstr("job.yaml"), HasSubstr("No space left on device")));
  disk.resize(kAmple);
  go_on(running, 60);
  stop(running);

  EXPECT_THAT(in_checkpoints("run"), ::testing::Each(StartsWith("step-")));
  expect_same_curve("run", file_of_job);
}

TEST_F(FullDiskTest, WhatAJobSaysThereIsNoReasonToStop) {
  SmallDisk disk(folder_ / "run", kAmple);
  const std::string file_of_job = warning(job({.steps = 60, .checkpoint_every = 20}));
  Process running({"run", file_of_job, "--output", path("run")}, path("run/said.txt"));
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= 25; }));

  fill(disk, "run/said.txt");
  const Finished ended = running.wait();

  EXPECT_EQ(ended.code, 0) << ended.text;
  ASSERT_EQ(run(file_of_job, "alone").code, 0);
  EXPECT_THAT(log("alone"), StartsWith(log("run")));
  EXPECT_THAT(log("run"), ::testing::EndsWith("\n"));
}

TEST_F(FullDiskTest, ARecorderOfAFullDiskLeavesAndTheJobGoesOn) {
  const SmallDisk disk(folder_ / "recorded", 16);
  Running running = start(endless(), "run");
  go_on(running, 2);
  ASSERT_EQ(attach(running, fmt::format("actors:\n"
                                        "  look: {{kind: recorder, options: {{folder: '{}'}}}}\n"
                                        "edges:\n"
                                        "  - {{from: prompt.prompted, to: look.samples, "
                                        "capacity: 16, tap: shadow}}\n",
                                        path("recorded")))
                .code,
            0);

  wait_for(running, "recorded/000000.tar");
  go_on(running, 8);
  stop(running);

  EXPECT_THAT(io::read_text(path("run.txt")), HasSubstr("No space left on device"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "recorded"));
  expect_same_curve("run", endless());
}

TEST_F(FullDiskTest, ANodeThatCannotWriteItsLogWorksOn) {
  SmallDisk disk(folder_ / "full", kAmple);
  Process node({"node", "--name", "alpha"}, path("full/alpha.txt"));
  std::string address;
  ASSERT_TRUE(
      wait_until(node, [&] { return !(address = address_in(path("full/alpha.txt"))).empty(); }));
  const Node alpha{"alpha", nullptr, address, ""};

  fill(disk, "full/alpha.txt");
  const Finished on_node = run(job_on({&alpha}, 12), "nodes");
  const Finished again = run(job_on({&alpha}, 12), "again");

  EXPECT_EQ(on_node.code, 0) << on_node.text;
  EXPECT_EQ(again.code, 0) << again.text;
  EXPECT_TRUE(node.running());
}

}  // namespace
}  // namespace arno::cli

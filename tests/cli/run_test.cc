// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <limits>

#include "common/random.h"
#include "io/image/encode.h"
#include "io/safetensors.h"
#include "tests/cli/job_fixture.h"

namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

using RunTest = JobTest;

TEST_F(RunTest, AnyNumberOfDecodersGivesTheSameCurve) {
  ASSERT_EQ(run(job({.replicas = 1}), "one").code, 0);
  ASSERT_EQ(run(job({.replicas = 4}), "four").code, 0);
  EXPECT_THAT(log("one"), HasSubstr("\"step\":12"));
  EXPECT_EQ(log("one"), log("four"));
  EXPECT_FALSE(final_weights("one").empty());
  EXPECT_EQ(final_weights("one"), final_weights("four"));
}

TEST_F(RunTest, KilledAndResumedEqualsUndisturbed) {
  const std::string file = job({.steps = 60});  // long enough to be hit in the middle
  ASSERT_EQ(run(file, "whole").code, 0);
  for (const int signal : {SIGKILL, SIGINT}) {
    const std::string output = fmt::format("signal{}", signal);
    Process process({"run", file, "--output", path(output)}, folder_ / "first.txt");
    ASSERT_TRUE(wait_until(process, [&] {
      return std::filesystem::exists(folder_.path() / output / "checkpoints/step-00000004");
    }));
    process.signal(signal);
    const Finished first = process.wait();
    EXPECT_EQ(first.code, signal == SIGINT ? 130 : -SIGKILL) << first.text;
    const Finished second = run(file, output, /*resume=*/true);
    EXPECT_EQ(second.code, 0) << second.text;
    EXPECT_THAT(second.text, HasSubstr("resumed at step"));
    EXPECT_EQ(log("whole"), log(output));
    const std::string weights = "checkpoints/step-00000060/weights.safetensors";
    EXPECT_FALSE(this->file(output, weights).empty());
    EXPECT_EQ(this->file("whole", weights), this->file(output, weights));
  }
}

TEST_F(RunTest, AUsedFolderIsRefused) {
  const std::string file = job({.steps = 4});
  ASSERT_EQ(run(file, "run").code, 0);
  const Finished again = run(file, "run");
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.text, HasSubstr("--resume"));
  const std::string before = this->file("run", "job.yaml");
  const Finished other = run(job({.steps = 4, .projection = 24}), "run", /*resume=*/true);
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.text, AllOf(HasSubstr("arno: "), HasSubstr(", 16]"), HasSubstr(", 24]")));
  EXPECT_EQ(this->file("run", "job.yaml"), before) << "the run is as it was";
}

TEST_F(RunTest, ARunGoesOnWithItsSeedItsTrainingAndItsSources) {
  ASSERT_EQ(run(job({.steps = 4}), "run").code, 0);
  const std::string longer = job({.shards = fmt::format("['{}']", path("a.tar")), .steps = 8});

  const Finished refused = run(longer, "run", /*resume=*/true);

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.text, AllOf(HasSubstr("arno: " + longer + ": differs from " + path("run") +
                                            "/job.yaml in actors.read.options.sources, training; "),
                                  EndsWith("changed where a change is meant\n")));
  EXPECT_EQ(run(train_on("run", 8), "run", /*resume=*/true).code, 0) << "by its own file";
  EXPECT_THAT(log("run"), HasSubstr("\"step\":8"));
}

TEST_F(RunTest, ASecondJobOnOneFolderIsRefused) {
  const std::string file = job({.steps = 100000});
  Process first({"run", file, "--output", path("run")}, folder_ / "first.txt");
  ASSERT_TRUE(wait_until(first, [&] { return !log("run").empty(); }));
  const Finished second = run(file, "run", /*resume=*/true);
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.text, HasSubstr("arno: "));
  EXPECT_EQ(std::count(second.text.begin(), second.text.end(), '\n'), 1) << second.text;
}

TEST_F(RunTest, BadSamplesAreQuarantined) {
  io::Members bad;
  for (int i = 0; i < 20; ++i) {
    for (auto& member : testing::sample_members(fmt::format("g{}", i), i, "word")) {
      bad.push_back(std::move(member));
    }
  }
  const std::string jpeg = testing::tiny_jpeg(1);
  bad.insert(bad.end(), {{"t.jpg", jpeg.substr(0, jpeg.size() / 2)},
                         {"t.txt", "cut"},
                         {"h.png", testing::png_header(30000, 30000)},
                         {"h.txt", "huge"},
                         {"n.png", testing::tiny_png(1)},
                         {"u.png", testing::tiny_png(1)},
                         {"u.txt", "\xff\xfe"}});
  io::write_tar(folder_ / "bad.tar", bad);
  io::write_tar(folder_ / "empty.tar", {});
  const std::string whole = io::read_text(folder_ / "a.tar");
  io::write_text(folder_ / "cut.tar", whole.substr(0, whole.size() / 2));
  const std::string shards =
      fmt::format("['{}', '{}', '{}']", path("bad.tar"), path("empty.tar"), path("cut.tar"));
  const Finished done = run(job({.shards = shards}), "run");
  EXPECT_EQ(done.code, 0) << done.text;
  EXPECT_THAT(file("run", "quarantine.jsonl"),
              AllOf(HasSubstr("truncated"), HasSubstr("too_large"), HasSubstr("no_text"),
                    HasSubstr("text_not_utf8")));
}

TEST_F(RunTest, AMissingShardIsAProblemOfTheJobFile) {
  const Finished done = run(job({.shards = "[nowhere.tar]"}), "run");
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.text, AllOf(HasSubstr("sources[0].shards"), HasSubstr("nowhere.tar")));
}

TEST_F(RunTest, AFullDiskLeavesEarlierCheckpoints) {
  ASSERT_EQ(run(job({.steps = 4}), "run").code, 0);
  const std::string before = file("run", "checkpoints/step-00000004/weights.safetensors");
  const Finished done =
      arno({"run", train_on("run", 12), "--output", path("run"), "--resume"}, /*file_kib=*/64);
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.text, AllOf(HasSubstr("arno: "), HasSubstr("File too large")));
  EXPECT_EQ(file("run", "checkpoints/step-00000004/weights.safetensors"), before);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "run/checkpoints/step-00000008"));
}

/// Pictures of noise, 12 kB each: they do not compress.
std::string noise_png(uint64_t number) {
  io::Image image = io::Image::zeros(64, 64);
  Random random{RandomKey(number)};
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.below(256));
  const std::vector<std::byte> bytes = io::encode_png(image);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Both runs read 3,200 samples: ten times all of the small set, once all of the large one. What the
// large set has more is 2,880 samples of 12 kB (encoded; as a tensor too), 35 MB if they were kept.
// A run takes about 300 MB, of which 5 % are 15 MB. How full the edges are at the worst moment
// differs from run to run by some 20 MB, so the large set has three tries: a leak shows in each.
TEST_F(RunTest, MemoryDoesNotGrowWithTheData) {
  std::vector<std::string> pictures;
  for (uint64_t i = 0; i < 32; ++i) pictures.push_back(noise_png(i));
  const auto write = [&](const char* name, int samples) {
    io::Members members;
    for (int i = 0; i < samples; ++i) {
      members.emplace_back(fmt::format("{}.png", i), pictures[static_cast<size_t>(i) % 32]);
      members.emplace_back(fmt::format("{}.txt", i), fmt::format("thing{}", i % 10));
    }
    io::write_tar(folder_ / name, members);
    return fmt::format("['{}']", path(name));
  };
  const auto peak = [&](const std::string& shards, const std::string& output) {
    const Finished done = run(
        job({.shards = shards, .steps = 100, .batch_size = 32, .checkpoint_every = 100}), output);
    EXPECT_EQ(done.code, 0) << done.text;
    EXPECT_THAT(log(output), HasSubstr("\"step\":100,"));
    return static_cast<double>(done.peak_kib);
  };
  const std::string small_set = write("small.tar", 320);
  const std::string large_set = write("large.tar", 3200);
  double small = 0;
  double large = std::numeric_limits<double>::infinity();
  // Peaks vary with how threads met; what grows with the data does so in every run.
  for (int i = 0; i < 4 && large > 1.05 * small; ++i) {
    small = std::max(small, peak(small_set, fmt::format("small{}", i)));
    large = std::min(large, peak(large_set, fmt::format("large{}", i)));
  }
  EXPECT_LE(large, 1.05 * small);
}

TEST_F(RunTest, TrainedWeightsAreEvaluatedAndEmbedded) {
  ASSERT_EQ(run(job(), "run").code, 0);
  io::Members labelled;
  for (int i = 0; i < 6; ++i) {
    labelled.emplace_back(fmt::format("{}.png", i), testing::tiny_png(i));
    labelled.emplace_back(fmt::format("{}.cls", i), std::to_string(i % 2));
  }
  std::filesystem::create_directory(folder_ / "classes");
  io::write_tar(folder_ / "classes/test.tar", labelled);
  io::write_text(folder_ / "classes/classnames.txt", "cat\ndog\n");
  const std::vector<std::string> of_run{"--checkpoint", path("run"), "--shards"};
  const auto with = [&](std::vector<std::string> args, const std::string& shards) {
    args.insert(args.end(), of_run.begin(), of_run.end());
    args.push_back(shards);
    return args;
  };
  const Finished classes = arno(with({"eval", "zero-shot", "--per-class"}, path("classes")));
  EXPECT_EQ(classes.code, 0) << classes.text;
  EXPECT_THAT(classes.text, AllOf(HasSubstr("on 6 images"), HasSubstr("dog")));
  const Finished nameless = arno(with({"eval", "zero-shot"}, path("a.tar")));
  EXPECT_EQ(nameless.code, 1);
  EXPECT_THAT(nameless.text, HasSubstr("a.tar has no classnames.txt"));
  const Finished recall = arno(with({"eval", "retrieval", "--texts", "all"}, path("a.tar")));
  EXPECT_EQ(recall.code, 0) << recall.text;
  EXPECT_THAT(recall.text, HasSubstr("R@10"));
  const Finished embedded = arno(with({"embed", "--out", path("e.safetensors")}, path("a.tar")));
  ASSERT_EQ(embedded.code, 0) << embedded.text;
  const io::TensorFile tensors = io::read_safetensors(path("e.safetensors"));
  for (const char* name : {"image", "text"}) {
    EXPECT_EQ(tensors.find(name)->describe(), "f32[30, 16]");
  }
  EXPECT_EQ(tensors.find("sample")->numel(), 30);
}

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/import_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <span>

#include "common/error.h"
#include "io/image/decode.h"
#include "io/image/probe.h"
#include "io/import/detail/picture.h"
#include "tests/io/import_samples.h"

namespace arno::io::detail {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class ImportJobTest : public ::testing::Test {
 protected:
  ImportJobTest() { write_sample_file(root_.path() / "data/a.bin", "12345"); }

  ImportReport run(int64_t samples_per_shard = 2) {
    InputFiles inputs(root_.path());
    inputs.file("data/a.bin", "some-package");
    const ImportOptions options{.out = out_.path(), .samples_per_shard = samples_per_shard};
    return run_import(source_, options, inputs, [this](ImportJob& job) {
      ++runs_;
      for (int i = 0; i < 3; ++i) {
        job.add("train", {.key = "k" + std::to_string(i),
                          .png = "png",
                          .texts = {"Dog", "animal " + std::to_string(i)},
                          .class_id = i,
                          .file = "f"});
      }
      job.add("test", {.key = "t", .png = "png", .texts = {"dog"}, .class_id = 0, .file = "f"});
      job.drop("broken", 4);
    });
  }

  fs::path train_shard() const { return out_.path() / "train/toys-train-000000.tar"; }

  TemporaryFolder root_;
  TemporaryFolder out_;
  int runs_ = 0;
  ImportSource source_ = {.name = "toys",
                          .licence = "CC0-1.0",
                          .splits = {"train", "test"},
                          .class_names = {"a", "b", "c"}};
};

TEST_F(ImportJobTest, WritesShardsThatHoldTheSamples) {
  run();

  const auto members = read_tar(train_shard());
  EXPECT_THAT(members, ::testing::SizeIs(8));
  EXPECT_EQ(members.at("k1.png"), "png");
  EXPECT_EQ(members.at("k1.txt"), "Dog");
  EXPECT_EQ(members.at("k1.cls"), "1");
  const auto json = nlohmann::json::parse(members.at("k1.json"));
  EXPECT_EQ(json.at("texts"), nlohmann::json({"Dog", "animal 1"}));
  EXPECT_EQ(json.at("licence"), "CC0-1.0");
  EXPECT_EQ(read_sample_file(out_.path() / "test/classnames.txt"), "a\nb\nc\n");
  EXPECT_TRUE(fs::exists(out_.path() / "train/toys-train-000001.tar"));
}

TEST_F(ImportJobTest, CountsSamplesAndTexts) {
  const ImportReport report = run();

  ASSERT_EQ(report.splits.size(), 2u);
  EXPECT_EQ(report.splits[0].samples, 3);
  EXPECT_EQ(report.splits[0].shards, 2);
  EXPECT_EQ(report.texts, 7);
  EXPECT_EQ(report.unique_texts, 4) << "case does not count";
  EXPECT_EQ(report.shared_texts, 1);
  EXPECT_THAT(report.dropped, ElementsAre(Pair("broken", 4)));
  EXPECT_THAT(report.to_text(), HasSubstr("4 unique, 1 of them on more than one picture"));
}

TEST_F(ImportJobTest, LeavesACompleteFolderAlone) {
  const ImportReport first = run();
  const ImportReport second = run();

  EXPECT_EQ(runs_, 1);
  EXPECT_FALSE(first.reused);
  EXPECT_TRUE(second.reused);
  EXPECT_EQ(second.splits[0].bytes, first.splits[0].bytes);
  EXPECT_THAT(second.to_text(), HasSubstr("already complete"));
}

TEST_F(ImportJobTest, StartsAgainWhenSomethingChanged) {
  run();
  write_sample_file(root_.path() / "data/a.bin", "123456");
  run();
  EXPECT_EQ(runs_, 2) << "input";
  fs::resize_file(train_shard(), 10);
  run();
  EXPECT_EQ(runs_, 3) << "shard";
  write_sample_file(out_.path() / "toys.manifest.json", "{");
  run();
  EXPECT_EQ(runs_, 4) << "manifest";
}

TEST_F(ImportJobTest, RemovesShardsOfAnEarlierRun) {
  run(/*samples_per_shard=*/1);
  EXPECT_TRUE(fs::exists(out_.path() / "train/toys-train-000002.tar"));
  run(/*samples_per_shard=*/100);
  EXPECT_FALSE(fs::exists(out_.path() / "train/toys-train-000001.tar"));
}

TEST_F(ImportJobTest, GivesTheSameBytesAgain) {
  run();
  const std::string first = read_sample_file(train_shard());
  fs::remove(out_.path() / "toys.manifest.json");
  run();
  EXPECT_EQ(read_sample_file(train_shard()), first);
}

TEST_F(ImportJobTest, NamesTheFileAndThePackageThatAreMissing) {
  InputFiles inputs(root_.path());
  try {
    inputs.file("data/b.bin", "some-package");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::io_failed);
    EXPECT_THAT(error.what(), HasSubstr("data/b.bin was not found"));
    EXPECT_THAT(error.what(), HasSubstr("Debian package some-package"));
  }
  EXPECT_THROW(inputs.files_below("nothing", ".svg", "some-package"), Error);
}

TEST_F(ImportJobTest, RejectsAKeyThatWasThere) {
  const ImportOptions options{.out = out_.path()};
  ImportJob job(source_, options);
  job.add("train", {.key = "k", .png = "p", .texts = {"x"}});
  EXPECT_THROW(job.add("test", {.key = "k", .png = "p", .texts = {"x"}}), Error);
}

TEST(DistinctTextsTest, CleansAndDropsRepeats) {
  EXPECT_THAT(distinct_texts({" A  flower. ", "a FLOWER.", "", "\u3012\u266a&%", "7"}),
              ElementsAre("A flower.", "7"));
}

TEST(PictureTest, KeepsTheBytesOfASmallPng) {
  const std::string png = square_png();
  EXPECT_EQ(fit_picture(png).png, png);
}

TEST(PictureTest, ScalesLargePicturesDown) {
  const Picture picture = fit_picture(square_png({.width = 600, .height = 300, .side = 200}));

  const ProbeResult probe = probe_image(std::as_bytes(std::span(picture.png)));
  ASSERT_TRUE(probe.info);
  EXPECT_EQ(probe.info->width, 256);
  EXPECT_EQ(probe.info->height, 128);
}

TEST(PictureTest, TrimsWideMargins) {
  const std::string png = square_png({.width = 300, .height = 400, .side = 50, .x = 100, .y = 9});

  const Picture picture = fit_picture(png, Margins::kTrim);

  const ProbeResult probe = probe_image(std::as_bytes(std::span(picture.png)));
  ASSERT_TRUE(probe.info);
  EXPECT_EQ(probe.info->width, 56) << "4 % and a pixel on both sides";
  EXPECT_EQ(probe.info->height, 56);
}

TEST(PictureTest, SaysWhyAPictureIsNotUsable) {
  EXPECT_EQ(fit_picture("text").cause, "picture is unknown_format");
  EXPECT_EQ(fit_picture(square_png({.side = 0})).cause, "picture is blank");
  EXPECT_EQ(fit_picture(square_png({.width = 900, .height = 30})).cause,
            "picture is too small or thin");
  EXPECT_EQ(draw_svg("<svg").cause, "SVG that could not be drawn");
}

TEST(PictureTest, DrawsSvgOverWhite) {
  const Picture picture = draw_svg(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">
         <rect x="0" y="0" width="10" height="10" fill="#ff0000"/></svg>)");

  const DecodeResult decoded = decode_image(std::as_bytes(std::span(picture.png)));
  ASSERT_TRUE(decoded.image) << picture.cause;
  EXPECT_EQ(decoded.image->width, 256);
  EXPECT_EQ(decoded.image->height, 128);
  const uint8_t* row = decoded.image->row(64);
  EXPECT_THAT(std::vector<int>(row + 3 * 60, row + 3 * 61), ElementsAre(255, 0, 0));
  EXPECT_THAT(std::vector<int>(row + 3 * 200, row + 3 * 201), ElementsAre(255, 255, 255));
}

}  // namespace
}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <span>

#include "common/error.h"
#include "io/image/decode.h"
#include "io/import/import.h"
#include "tests/io/import_samples.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Pair;

class ImportSourcesTest : public ::testing::Test {
 protected:
  fs::path stamps() const { return root_.path() / "usr/share/tuxpaint/stamps"; }
  fs::path clipart() const { return root_.path() / "usr/share/openclipart"; }
  ImportOptions options() const { return {.out = out_.path(), .root = root_.path()}; }

  void write_clipart(const std::string& name, const ClipartSample& sample, int side) {
    write_sample_file(clipart() / "svg" / (name + ".svg"), clipart_svg(sample));
    write_sample_file(clipart() / "png" / (name + ".png"), square_png({.side = side}));
  }

  void write_fashion(const std::string& prefix, std::string_view labels) {
    const fs::path folder = root_.path() / "usr/share/datasets/fashion-mnist";
    const char count = static_cast<char>(labels.size());
    std::string images =
        std::string("\0\0\x08\x03\0\0\0", 7) + count + std::string("\0\0\0\x1c\0\0\0\x1c", 8);
    for (size_t i = 0; i < labels.size(); ++i) images += std::string(28 * 28, char(10 + i));
    write_sample_file(folder / (prefix + "-images-idx3-ubyte.gz"), gzip(images));
    write_sample_file(folder / (prefix + "-labels-idx1-ubyte.gz"),
                      gzip(std::string("\0\0\x08\x01\0\0\0", 7) + count + std::string(labels)));
  }

  TemporaryFolder root_;
  TemporaryFolder out_;
};

TEST_F(ImportSourcesTest, ListsEveryImporterOnce) {
  std::set<std::string_view> names;
  for (const Importer& importer : importers()) {
    EXPECT_TRUE(names.insert(importer.name).second);
    EXPECT_FALSE(importer.doc.empty());
    EXPECT_THROW(importer.run({.out = out_.path(), .root = root_.path()}), Error);
  }
  EXPECT_THAT(names, ElementsAre("fashion-mnist", "noto-emoji", "openclipart", "tuxpaint"));
}

TEST_F(ImportSourcesTest, RejectsOptionsOutOfRange) {
  write_fashion("train", std::string_view("\x00", 1));
  write_fashion("t10k", std::string_view("\x00", 1));
  EXPECT_THROW(import_fashion_mnist({.out = {}, .root = root_.path()}), Error);
  EXPECT_THROW(
      import_fashion_mnist({.out = out_.path(), .root = root_.path(), .samples_per_shard = 0}),
      Error);
}

TEST_F(ImportSourcesTest, ImportsFashionMnist) {
  write_fashion("train", std::string_view("\x09\x00", 2));
  write_fashion("t10k", "\x01");

  const ImportReport report = import_fashion_mnist(options());

  EXPECT_EQ(report.splits[0].samples, 2);
  EXPECT_EQ(report.splits[1].samples, 1);
  const auto members = read_tar(out_.path() / "train/fashion-mnist-train-000000.tar");
  EXPECT_EQ(members.at("fashion-mnist-train-00000.txt"), "ankle boot");
  EXPECT_EQ(members.at("fashion-mnist-train-00000.cls"), "9");
  const std::string& png = members.at("fashion-mnist-train-00001.png");
  const DecodeResult decoded = decode_image(std::as_bytes(std::span(png)));
  ASSERT_TRUE(decoded.image);
  EXPECT_EQ(decoded.image->width, 28);
  EXPECT_THAT(decoded.image->pixels, ::testing::Each(11));
}

TEST_F(ImportSourcesTest, RejectsFashionLabelsThatAreNoClasses) {
  write_fashion("train", "\x0a");
  write_fashion("t10k", "\x01");
  EXPECT_THROW(import_fashion_mnist(options()), Error);
  EXPECT_FALSE(fs::exists(out_.path() / "fashion-mnist.manifest.json"));
}

TEST_F(ImportSourcesTest, ImportsOpenclipart) {
  write_clipart("animals/owl", {}, 20);
  write_clipart("animals/copy", {}, 20);
  write_clipart("animals/cat", {.title = "Cat", .keywords = {"unsorted"}}, 14);
  write_clipart("animals/gpl", {.licence = "http://creativecommons.org/licenses/GPL/2.0/"}, 21);
  write_clipart("special/gradients/red", {}, 22);
  write_clipart("animals/12", {.title = "", .keywords = {}}, 23);
  write_clipart("animals/white", {}, 0);
  write_sample_file(clipart() / "svg/animals/lonely.svg", clipart_svg({}));

  const ImportReport report = import_openclipart(options());

  EXPECT_EQ(report.splits[0].samples + report.splits[1].samples, 2);
  EXPECT_THAT(
      report.dropped,
      ElementsAre(Pair("drawing not given to the public domain", 1),
                  Pair("drawing of an icon theme or gradient", 1),
                  Pair("drawing without a PNG file", 1), Pair("drawing without a usable text", 1),
                  Pair("picture is blank", 1), Pair("picture that was there already", 1)));
  EXPECT_EQ(report.unique_texts, 4) << "owl, bird, night, cat";
}

TEST_F(ImportSourcesTest, CapsSeriesOfOneText) {
  for (int i = 0; i < 70; ++i) {
    write_sample_file(clipart() / fmt::format("svg/s{}.svg", i), clipart_svg({}));
    write_sample_file(clipart() / fmt::format("png/s{}.png", i),
                      square_png({.width = 60 + i, .side = 12}));
  }
  EXPECT_EQ(import_openclipart(options()).dropped.at("drawing of a long series with one text"), 10);
}

TEST_F(ImportSourcesTest, ImportsTuxpaint) {
  const std::string svg =
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="5"/></svg>)";
  write_sample_file(stamps() / "birds/owl.png", square_png());
  write_sample_file(stamps() / "birds/owl.svg", svg);
  write_sample_file(stamps() / "birds/owl.txt", "An owl.\nfr.utf8=Un hibou.\n");
  write_sample_file(stamps() / "birds/owl_mirror.png", square_png());
  write_sample_file(stamps() / "sun.svg", svg);
  write_sample_file(stamps() / "sun.txt", "The sun.");

  const ImportReport report = import_tuxpaint(options());

  const auto members = read_tar(out_.path() / "test/tuxpaint-test-000000.tar");
  EXPECT_EQ(members.size(), 6u);
  EXPECT_EQ(members.at("tuxpaint-birds_owl.txt"), "An owl.");
  EXPECT_EQ(members.at("tuxpaint-birds_owl.png"), square_png());
  EXPECT_EQ(members.at("tuxpaint-sun.txt"), "The sun.");
  EXPECT_THAT(report.dropped, ElementsAre(Pair("drawing that is there as PNG too", 1),
                                          Pair("stamp without an English caption", 1)));
}

}  // namespace
}  // namespace arno::io

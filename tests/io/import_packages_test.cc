// SPDX-License-Identifier: Apache-2.0
// Imports samples of the real packages, where they are installed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <span>

#include "io/image/decode.h"
#include "io/import/import.h"
#include "io/utf8.h"
#include "tests/io/import_samples.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;

struct PackageCase {
  std::string importer;
  std::vector<std::string> files;  ///< one of each package that is needed
  int splits = 2;
};

class ImportPackagesTest : public ::testing::TestWithParam<PackageCase> {};

ImportReport run_importer(const std::string& name, const ImportOptions& options) {
  const auto found = std::find_if(importers().begin(), importers().end(),
                                  [&](const Importer& entry) { return entry.name == name; });
  return found->run(options);
}

/// Every sample of a shard has a picture that decodes and texts, the first of which is primary.
void check_shard(const fs::path& path) {
  const auto members = read_tar(path);
  for (const auto& [name, bytes] : members) {
    if (!name.ends_with(".json")) continue;
    const std::string key = name.substr(0, name.find('.'));
    const auto texts = nlohmann::json::parse(bytes).at("texts").get<std::vector<std::string>>();
    ASSERT_FALSE(texts.empty()) << key;
    EXPECT_EQ(members.at(key + ".txt"), texts.front());
    for (const std::string& text : texts) EXPECT_TRUE(!text.empty() && is_valid_utf8(text)) << key;
    const DecodeResult decoded = decode_image(std::as_bytes(std::span(members.at(key + ".png"))));
    ASSERT_TRUE(decoded.image) << key << ": " << decoded.fault.text;
    EXPECT_LE(std::max(decoded.image->width, decoded.image->height), 256) << key;
  }
}

TEST_P(ImportPackagesTest, GivesPicturesWithTexts) {
  const PackageCase& c = GetParam();
  for (const std::string& file : c.files) {
    if (!fs::exists(file)) GTEST_SKIP() << file << " is not installed";
  }
  TemporaryFolder out;

  const ImportReport report = run_importer(c.importer, {.out = out.path(), .max_samples = 6});

  ASSERT_EQ(report.splits.size(), static_cast<size_t>(c.splits));
  for (const SplitReport& split : report.splits) {
    EXPECT_EQ(split.samples, 6) << split.name;
    check_shard(out.path() / split.name / (c.importer + "-" + split.name + "-000000.tar"));
  }
}

/// "1f44b" for the key "noto-emoji-1f44b-1f3fd".
std::string without_skin_tones(const std::string& key) {
  return std::regex_replace(key.substr(std::string("noto-emoji-").size()),
                            std::regex("-(1f3f[b-f]|fe0f)"), "");
}

TEST(NotoEmojiTest, AllSkinTonesOfAnEmojiAreOnOneSide) {
  for (const char* file : {"/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
                           "/usr/share/unicode/emoji/emoji-test.txt",
                           "/usr/share/unicode/cldr/common/annotations/en.xml"}) {
    if (!fs::exists(file)) GTEST_SKIP() << file << " is not installed";
  }
  TemporaryFolder out;
  const ImportReport report = run_importer("noto-emoji", {.out = out.path()});

  std::map<std::string, std::set<std::string>> sides;
  std::map<std::string, int> pictures;
  for (const SplitReport& split : report.splits) {
    const std::string shard = fmt::format("{0}/noto-emoji-{0}-000000.tar", split.name);
    for (const auto& member : read_tar(out.path() / shard)) {
      if (!member.first.ends_with(".png")) continue;
      const std::string emoji = without_skin_tones(member.first.substr(0, member.first.find('.')));
      sides[emoji].insert(split.name);
      ++pictures[emoji];
    }
  }
  EXPECT_EQ(pictures["1f44b"], 6) << "waving hands: yellow and five skin tones";
  for (const auto& [emoji, splits] : sides) EXPECT_EQ(splits.size(), 1u) << emoji;
  const auto share = static_cast<double>(report.splits[1].samples) /
                     static_cast<double>(report.splits[0].samples + report.splits[1].samples);
  EXPECT_NEAR(share, 0.15, 0.03);
}

INSTANTIATE_TEST_SUITE_P(
    All, ImportPackagesTest,
    ::testing::Values(PackageCase{"fashion-mnist",
                                  {"/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"}},
                      PackageCase{"noto-emoji",
                                  {"/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
                                   "/usr/share/unicode/emoji/emoji-test.txt",
                                   "/usr/share/unicode/cldr/common/annotations/en.xml"}},
                      PackageCase{"openclipart",
                                  {"/usr/share/openclipart/svg", "/usr/share/openclipart/png"}},
                      PackageCase{"tuxpaint", {"/usr/share/tuxpaint/stamps"}, 1}),
    [](const auto& info) {
      std::string name = info.param.importer;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace arno::io

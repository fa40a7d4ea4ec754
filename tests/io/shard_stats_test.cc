// SPDX-License-Identifier: Apache-2.0
#include "io/shard_stats.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "io/image/encode.h"
#include "tests/io/shard_files.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

/// A PNG as far as its header.
std::string png_header(uint32_t width, uint32_t height) {
  std::string out("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (const uint32_t side : {width, height}) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(side >> shift & 0xff);
  }
  return out + std::string("\x08\x02\0\0\0\0\0\0\0", 9);
}

class ShardStatsTest : public ::testing::Test {
 protected:
  ShardStatsTest() {
    write_text(folder_ / "classnames.txt", "coat\nboot\n");
    write_tar(folder_ / "0.tar", {{"a.png", png_header(300, 200)},
                                  {"a.json", R"({"texts": ["A cat", "a cat on a mat"]})"},
                                  {"b.png", png_header(64, 64)},
                                  {"b.txt", "a  CAT"},
                                  {"c.txt", "no image"}});
    write_tar(folder_ / "1.tar", {{"d.jpg", "not an image"}, {"d.cls", "1"}});
  }

  TemporaryFolder folder_;
};

TEST_F(ShardStatsTest, CountsEverythingOnce) {
  const auto set = ShardSet::open({folder_.path().string()});
  const ShardStats stats = collect_stats(*set, [](std::string_view text) { return text.size(); });

  EXPECT_EQ(stats.shards.size(), 2u);
  EXPECT_EQ(stats.samples, 3);
  EXPECT_THAT(stats.faults, ElementsAre(Pair("no_image", 1)));
  EXPECT_THAT(stats.first_fault, HasSubstr("0.tar:"));
  EXPECT_EQ(stats.image_bytes, 33 + 33 + 12);
  EXPECT_THAT(stats.formats, ElementsAre(Pair("PNG", 2), Pair(HasSubstr("not readable"), 1)));
  EXPECT_THAT(stats.sides, ElementsAre(Pair(64, 1), Pair(128, 1)));
  EXPECT_EQ(stats.texts, 4);
  EXPECT_EQ(stats.distinct_texts, 3);
  EXPECT_EQ(stats.repeated_texts, 2);
  EXPECT_EQ(stats.long_texts, 1);
  EXPECT_THAT(stats.words, ElementsAre(Pair(1, 1), Pair(2, 2), Pair(5, 1)));
  EXPECT_THAT(stats.tokens, ElementsAre(Pair(4, 1), Pair(5, 1), Pair(6, 1), Pair(14, 1)));
  EXPECT_THAT(stats.classes, ElementsAre(Pair(1, 1)));
}

TEST_F(ShardStatsTest, PrintsWhatItCounted) {
  const auto set = ShardSet::open({folder_.path().string()});
  const std::string text = to_text(collect_stats(*set));

  for (const char* part : {"samples         3", "no_image", "repeated      2 (50.0 %", "0.tar",
                           "    1 boot ", "words of a text"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("tokens of a text")));
}

TEST(ShardStatsTextTest, WideHistogramsShareRows) {
  ShardStats stats;
  for (int64_t words = 1; words <= 1000; ++words) stats.words[words] = 2;
  const std::string text = to_text(stats);
  EXPECT_THAT(text, HasSubstr("1..50          100"));
  EXPECT_THAT(text, HasSubstr("951..1000          100"));
}

}  // namespace
}  // namespace arno::io

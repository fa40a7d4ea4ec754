// SPDX-License-Identifier: Apache-2.0
#include "io/text_clean.h"

#include <gmock/gmock.h>

#include "common/random.h"
#include "io/utf8.h"

namespace arno::io {
namespace {

TEST(TextCleanTest, UnescapesNamedAndNumericReferences) {
  EXPECT_EQ(unescape_html("a &amp; b &lt;i&gt; &quot;c&quot; &apos;d&apos;"),
            "a & b <i> \"c\" 'd'");
  EXPECT_EQ(unescape_html("x&nbsp;y &eacute;&hellip;&alpha;"), "x\u00a0y é…α");
  EXPECT_EQ(unescape_html("&#65;&#x42;&#X43;&#8364;&#66"), "ABC€B");
  EXPECT_EQ(unescape_html("AT&ampT &notit; &copy"), "AT&T ¬it; ©");
}

TEST(TextCleanTest, LeavesWhatIsNoReference) {
  for (const char* text : {"&", "a & b", "&;", "&#;", "&#x;", "&#xg;", "&unknown;", "&alpha",
                           "fish&chips", "&ALPHA;", "&#", "&am"}) {
    EXPECT_EQ(unescape_html(text), text);
  }
}

TEST(TextCleanTest, ReplacesNumbersThatNameNoCharacter) {
  EXPECT_EQ(unescape_html("&#0;&#xD800;&#x110000;&#99999999999999999999;"),
            "\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(unescape_html("[&#1;&#xFFFE;&#x7f;]"), "[]");
  EXPECT_EQ(unescape_html("&#x80;&#146;"), "€’");
}

TEST(TextCleanTest, UnescapesTwice) {
  EXPECT_EQ(clean_text("Tom &amp;amp; Jerry"), "Tom & Jerry");
  EXPECT_EQ(clean_text("&amp;amp;amp;"), "&amp;");
}

TEST(TextCleanTest, CollapsesWhiteSpace) {
  EXPECT_EQ(clean_text(" \t a\r\n\r\nred\u00a0\u3000fox &nbsp; "), "a red fox");
  EXPECT_EQ(clean_text(" \n "), "");
}

TEST(TextCleanTest, RepairsUtf8ReadAsSingleBytes) {
  EXPECT_EQ(fix_text("cafÃ© MÃ¼nchen Â© 1999"), "café München © 1999");
  EXPECT_EQ(fix_text("donâ€™t â€“ ok"), "don't – ok");
  EXPECT_EQ(fix_text("don\u00e2\u0080\u0099t"), "don't");
}

TEST(TextCleanTest, LeavesAccentsThatAreMeant) {
  for (const char* text : {"São João", "MANHÃ – cedo", "Â", "âge", "château"}) {
    EXPECT_EQ(fix_text(text), text);
  }
}

TEST(TextCleanTest, StraightensQuotesWidthLigaturesAndControls) {
  EXPECT_EQ(fix_text("‘a’ “b” it’s"), "'a' \"b\" it's");
  EXPECT_EQ(fix_text("ＡＢＣ！ ﬁnd eﬃcient"), "ABC! find efficient");
  EXPECT_EQ(fix_text(std::string_view("\xef\xbb\xbf"
                                      "a\0b\x07\x7f\tc",
                                      10)),
            "ab\tc");
}

TEST(TextCleanTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(clean_text("a\xff\xc3(b"), "a\ufffd\ufffd(b");
}

TEST(TextCleanTest, NormalizedTextIsLowerCase) {
  EXPECT_EQ(normalize_text("  A Red\tFOX &AMP; ÉCOLE ΣΟΦΊΑ МОСКВА İ "),
            "a red fox & école σοφία москва i\u0307");
}

TEST(TextCleanTest, CountsWords) {
  EXPECT_EQ(word_count(""), 0u);
  EXPECT_EQ(word_count("  \n"), 0u);
  EXPECT_EQ(word_count("fox"), 1u);
  EXPECT_EQ(word_count(" red\u00a0fox,  jumping "), 3u);
}

TEST(TextCleanTest, AnyBytesGiveUtf8WithoutSpacesAround) {
  Random random(RandomKey(5));
  constexpr std::string_view kPieces[] = {"&",    "#", "x",    ";",        "amp", "Ã", "©", "\xff",
                                          "\xc3", " ", "\x01", "\xe2\x80", "€",   "3", "A", "\n"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (uint64_t i = random.below(30); i > 0; --i) text += kPieces[random.below(16)];

    const std::string clean = normalize_text(text);

    EXPECT_TRUE(is_valid_utf8(clean)) << text;
    EXPECT_FALSE(clean.starts_with(' ') || clean.ends_with(' ')) << text;
    EXPECT_EQ(clean.find("  "), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace arno::io

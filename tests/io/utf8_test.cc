// SPDX-License-Identifier: Apache-2.0
#include "io/utf8.h"

#include <gmock/gmock.h>

namespace arno::io {
namespace {

TEST(Utf8Test, EveryCodePointReadsBackAsWritten) {
  for (char32_t value = 0; value <= 0x10ffff; ++value) {
    if (value >= 0xd800 && value <= 0xdfff) continue;
    std::string text;
    append_utf8(text, value);

    const CodePoint point = decode_utf8(text, 0);

    ASSERT_TRUE(point.valid) << static_cast<uint32_t>(value);
    ASSERT_EQ(point.value, value);
    ASSERT_EQ(point.size, text.size());
  }
}

TEST(Utf8Test, WritesReplacementForWhatIsNoCodePoint) {
  std::string text;
  append_utf8(text, 0xd800);
  append_utf8(text, 0x110000);
  EXPECT_EQ(text, "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Utf8Test, RefusesOverlongSurrogateLargeAndCutOff) {
  for (const char* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
                           "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3(", "\xe2\x82z"}) {
    const CodePoint point = decode_utf8(text, 0);
    EXPECT_FALSE(point.valid) << text;
    EXPECT_EQ(point.value, kReplacement);
    EXPECT_EQ(point.size, 1u);
    EXPECT_FALSE(is_valid_utf8(std::string("ok ") + text));
  }
  EXPECT_TRUE(is_valid_utf8("ok \u00e9 \u20ac \U0001f600"));
  EXPECT_TRUE(is_valid_utf8(""));
}

TEST(Utf8Test, KnowsLettersNumbersAndSpacesOfManyScripts) {
  for (const char32_t letter : {U'a', U'Z', U'é', U'ж', U'λ', U'中', U'あ', U'א', U'ª'}) {
    EXPECT_TRUE(is_letter(letter)) << static_cast<uint32_t>(letter);
    EXPECT_FALSE(is_number(letter));
    EXPECT_FALSE(is_space(letter));
  }
  for (const char32_t number : {U'0', U'9', U'²', U'½', U'٣', U'Ⅷ'}) {
    EXPECT_TRUE(is_number(number)) << static_cast<uint32_t>(number);
    EXPECT_FALSE(is_letter(number));
  }
  for (const char32_t space : {U' ', U'\t', U'\n', U'\u00a0', U'\u2003', U'\u3000'}) {
    EXPECT_TRUE(is_space(space)) << static_cast<uint32_t>(space);
  }
  for (const char32_t other : {U'!', U'_', U'\u0301', U'\U0001f600', U'€'}) {
    EXPECT_FALSE(is_letter(other) || is_number(other) || is_space(other));
  }
}

TEST(Utf8Test, LowersManyScripts) {
  EXPECT_EQ(to_lower(U'A'), U'a');
  EXPECT_EQ(to_lower(U'['), U'[');
  EXPECT_EQ(to_lower(U'É'), U'é');
  EXPECT_EQ(to_lower(U'×'), U'×');
  EXPECT_EQ(to_lower(U'Ā'), U'ā');
  EXPECT_EQ(to_lower(U'ā'), U'ā');
  EXPECT_EQ(to_lower(U'Ÿ'), U'ÿ');
  EXPECT_EQ(to_lower(U'Σ'), U'σ');
  EXPECT_EQ(to_lower(U'Ж'), U'ж');
  EXPECT_EQ(to_lower(U'Ё'), U'ё');
  EXPECT_EQ(to_lower(U'中'), U'中');
}

}  // namespace
}  // namespace arno::io

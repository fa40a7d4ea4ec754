// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/error.h"
#include "io/import/detail/clipart_texts.h"
#include "io/import/detail/emoji_names.h"
#include "io/import/detail/idx.h"
#include "io/import/detail/markup.h"
#include "tests/io/import_samples.h"

namespace arno::io::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::data_corrupt);
    return error.what();
  }
  return "no error";
}

std::string idx_bytes() {
  const std::string header("\0\0\x08\x02\0\0\0\x02\0\0\0\x03", 12);
  return header + "abcdef";
}

TEST(IdxTest, ReadsShapeAndValues) {
  const IdxArray array = parse_idx(idx_bytes(), 2, "file");

  EXPECT_THAT(array.shape, ElementsAre(2, 3));
  EXPECT_EQ(array.values, "abcdef");
}

TEST(IdxTest, RejectsWhatDoesNotAddUp) {
  const std::string good = idx_bytes();
  std::string huge = good;
  huge[4] = huge[8] = '\xff';

  EXPECT_THAT(error_of([&] { parse_idx(good, 3, "f.gz"); }), HasSubstr("f.gz: not an IDX file"));
  EXPECT_THAT(error_of([&] { parse_idx(good.substr(0, 7), 2, "f"); }), HasSubstr("7 bytes"));
  EXPECT_THAT(error_of([&] { parse_idx(good + "g", 2, "f"); }), HasSubstr("7 values, expected 6"));
  EXPECT_THAT(error_of([&] { parse_idx(good.substr(0, 17), 2, "f"); }), HasSubstr("dimension 1"));
  EXPECT_THAT(error_of([&] { parse_idx(huge, 2, "f"); }), HasSubstr("dimension 0"));
}

/// "<a>" for an opening tag, "</a>" for a closing one, else the text.
std::vector<std::string> tokens_of(std::string_view xml) {
  using Kind = MarkupToken::Kind;
  MarkupReader reader(xml);
  std::vector<std::string> out;
  for (auto token = reader.next(); token.kind != Kind::kEnd; token = reader.next()) {
    if (token.kind == Kind::kText) {
      out.emplace_back(token.text);
    } else {
      const std::string open = token.kind == Kind::kClose ? "</" : "<";
      out.push_back(open + std::string(token.name) + (token.empty ? "/>" : ">"));
    }
  }
  return out;
}

TEST(MarkupReaderTest, WalksThroughTagsAndText) {
  EXPECT_THAT(tokens_of("<?xml?><!DOCTYPE a [<!ENTITY b 'c'>]><x:a k='>'>t<!-- <n> --><b/>"
                        "<![CDATA[<u>]]></x:a>"),
              ElementsAre("<a>", "t", "<b/>", "<u>", "</a>"));
}

TEST(MarkupReaderTest, EndsWhereTheTextIsCut) {
  const std::string xml = "<!DOCTYPE a [<!ENTITY b>]><a k=\"v\">text<!-- c --><![CDATA[d]]></a>";
  for (size_t length = 0; length <= xml.size(); ++length) {
    EXPECT_LE(tokens_of(xml.substr(0, length)).size(), 4u) << length;
  }
}

TEST(MarkupReaderTest, FindsAttributes) {
  const std::string_view attributes = R"( cp="&amp;" rdf:type='tts' broken="x)";

  EXPECT_EQ(attribute_value(attributes, "cp"), "&");
  EXPECT_EQ(attribute_value(attributes, "type"), "tts");
  EXPECT_EQ(attribute_value(attributes, "broken"), "");
  EXPECT_EQ(attribute_value(attributes, "missing"), "");
}

TEST(EmojiNamesTest, TakesFullyQualifiedLinesOnly) {
  const auto emoji = parse_emoji_test(
      "# group: Smileys\n\n"
      "263A FE0F   ; fully-qualified     # \u263a\ufe0f E0.6 smiling face\n"
      "263A        ; unqualified         # \u263a E0.6 smiling face\n"
      "0023 FE0F 20E3 ; fully-qualified  # #\ufe0f\u20e3 E0.6 keycap: #\n",
      "emoji-test.txt");

  ASSERT_EQ(emoji.size(), 2u);
  EXPECT_EQ(emoji[0].code_points, U"\u263a\ufe0f");
  EXPECT_EQ(emoji[0].name, "smiling face");
  EXPECT_EQ(emoji[1].name, "keycap: #");
  EXPECT_EQ(hex_name(emoji[0].code_points), "263a-fe0f");
  EXPECT_EQ(annotation_key(emoji[0].code_points), "\u263a");
}

TEST(EmojiNamesTest, NamesTheLineThatIsWrong) {
  for (const std::string line :
       {"26ZA ; fully-qualified # x E1.0 a", "; fully-qualified # x E1.0 a",
        "FFFFFFFFFF ; fully-qualified # x E1.0 a", "263A ; fully-qualified # x"}) {
    EXPECT_THAT(error_of([&] { parse_emoji_test("# c\n" + line, "e.txt"); }), HasSubstr("e.txt:2:"))
        << line;
  }
}

TEST(EmojiNamesTest, SkinTonesAreOfOneEmoji) {
  EXPECT_EQ(name_without_skin_tones("waving hand"), "waving hand");
  EXPECT_EQ(name_without_skin_tones("waving hand: medium-dark skin tone"), "waving hand");
  EXPECT_EQ(name_without_skin_tones("handshake: light skin tone, dark skin tone"), "handshake");
  EXPECT_EQ(name_without_skin_tones("person: dark skin tone, beard"), "person: beard");
  EXPECT_EQ(name_without_skin_tones("kiss: woman, man, dark skin tone, light skin tone"),
            "kiss: woman, man");
  EXPECT_EQ(name_without_skin_tones("kiss: person, person, dark skin tone, light skin tone"),
            "kiss");
  EXPECT_EQ(name_without_skin_tones("keycap: #"), "keycap: #");
  EXPECT_EQ(name_without_skin_tones(""), "");
}

TEST(EmojiNamesTest, CollectsAnnotations) {
  Annotations annotations;
  add_annotations(R"(<ldml><annotations>
<annotation cp="&lt;">less than | tag</annotation>
<annotation cp="&lt;" type="tts">less-than</annotation>
</annotations></ldml>)",
                  annotations);
  add_annotations(R"(<annotation cp="x" type="tts">flag: A &amp; B</annotation>)", annotations);

  EXPECT_EQ(annotations.at("<").name, "less-than");
  EXPECT_THAT(annotations.at("<").keywords, ElementsAre("less than", "tag"));
  EXPECT_EQ(annotations.at("x").name, "flag: A & B");
  EXPECT_EQ(annotations.size(), 2u);
}

TEST(ClipartMetadataTest, ReadsTheWork) {
  const ClipartMetadata metadata =
      parse_clipart_metadata(clipart_svg({.title = "Owl &amp; mouse", .keywords = {"bird", ""}}));

  EXPECT_EQ(metadata.title, "Owl & mouse");
  EXPECT_THAT(metadata.keywords, ElementsAre("bird", ""));
  EXPECT_EQ(metadata.author, "Ann Other");
  EXPECT_TRUE(metadata.is_public_domain());
}

TEST(ClipartMetadataTest, SurvivesAnyCut) {
  const std::string svg = clipart_svg({});
  for (size_t length = 0; length < svg.size(); ++length) {
    EXPECT_LE(parse_clipart_metadata(svg.substr(0, length)).keywords.size(), 2u);
  }
  EXPECT_THAT(parse_clipart_metadata("</a><cc:Work></b></cc:Work>").keywords, IsEmpty());
}

struct TextsCase {
  std::string file;
  std::string title;
  std::vector<std::string> keywords;
  std::vector<std::string> texts;
};

TEST(ClipartTextsTest, KeepsWhatDescribes) {
  const std::vector<TextsCase> cases = {
      {"a/owl.svg", "  Night\n owl ", {"Bird", "unsorted", "night owl"}, {"Night owl", "bird"}},
      {"a/x.svg", "arrow-left_green", {"north_america"}, {"arrow left green", "north america"}},
      {"a/x.svg", "Tigre01", {"hash(0x8a07)", "hash", "11", "=signs"}, {"Tigre", "signs"}},
      {"a/x.svg", "8 ball", {"Ann Other", "a@b.org", "http://x"}, {"8 ball"}},
      {"a/x.svg", "T-shirt", {}, {"T-shirt"}},
      {"a/x.svg", "hill - RPG map elements", {}, {"hill"}},
      // Titles that were copied: the file name counts, without author and numbers.
      {"a/sailor_monkey_ann_oth_01.svg", "Clipart by Ann Other - pear", {}, {"sailor monkey"}},
      {"a/jigsaw_blue_11.svg", "Clipart by Ann Other - jigsaw_red_10", {}, {"jigsaw blue"}},
      {"a/usa_ohio.svg",
       "Clipart by Ann Other - United States - Ohio",
       {},
       {"United States - Ohio"}},
      {"a/aiga_baggage_check_in1.svg", "AIGA_Symbol_Signs", {"mapsym"}, {"baggage check in"}},
      {"a/star_65pt03step.svg", "gramastar", {"stars", "magick"}, {"star", "stars"}},
      {"a/fc08.svg", "Clipart by Ann Other - fc23", {"flowchart"}, {"flowchart"}},
      {"a/12.svg", "", {}, {}},
  };
  for (const TextsCase& c : cases) {
    const ClipartMetadata metadata{c.title, c.keywords, "Ann Other", ""};
    EXPECT_EQ(clipart_texts(c.file, metadata), c.texts) << c.title;
  }
}

TEST(ClipartTextsTest, LeavesThemesOut) {
  EXPECT_TRUE(is_clipart_left_out("computer/icons/flat-theme/action/x.svg", {}));
  EXPECT_TRUE(is_clipart_left_out("computer/x.svg", {.title = "Etiquette Icons"}));
  EXPECT_FALSE(is_clipart_left_out("computer/icons/mouse.svg", {.title = "Mouse"}));
}

}  // namespace
}  // namespace arno::io::detail

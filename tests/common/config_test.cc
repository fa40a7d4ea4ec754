// SPDX-License-Identifier: Apache-2.0
#include "common/config.h"

#include <gmock/gmock.h>

#include "common/error.h"

namespace arno {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Source {
  std::string url;
  double weight = 1;
  void fields(ConfigFields& f) {
    f.text("url", url, {.doc = "where", .required = true});
    f.number("weight", weight, {.doc = "how much", .min = 0});
  }
};

struct Settings {
  int64_t side = 224;
  std::string mode = "fast";
  std::vector<Source> sources;
  std::map<std::string, Source> named;
  void fields(ConfigFields& f) {
    f.integer("side", side, {.doc = "pixels", .min = 1, .max = 1000});
    f.text("mode", mode, {.doc = "how", .one_of = {"fast", "exact"}});
    f.list("sources", sources, {.doc = "inputs"});
    f.map("named", named, {.doc = "inputs by name"});
  }
};

/// A choice that may be left open.
struct OpenChoice {
  std::string way;
  void fields(ConfigFields& f) {
    f.text("way", way, {.doc = "which", .one_of = {"spread", "pack"}});
  }
};

std::string problems_of(std::string_view text) {
  Settings settings;
  ConfigProblems problems;
  RawConfig::from_text(text, "job.yaml").read(settings, problems);
  std::string out;
  for (const ConfigProblem& problem : problems) out += problem.to_string() + "\n";
  return out;
}

TEST(ConfigTest, ReadsEveryField) {
  Settings settings;
  ConfigProblems problems;

  RawConfig::from_text(
      "side: 96\nmode: exact\nsources:\n  - {url: a, weight: 0.5}\n"
      "named: {x: {url: b}}\n")
      .read(settings, problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(settings.side, 96);
  EXPECT_EQ(settings.mode, "exact");
  ASSERT_EQ(settings.sources.size(), 1u);
  EXPECT_EQ(settings.sources[0].weight, 0.5);
  EXPECT_EQ(settings.named.at("x").url, "b");
}

TEST(ConfigTest, ReportsAllProblemsWithLineKeyFoundAndAllowed) {
  const std::string text = problems_of("side: -3\nmode: fsat\nsources:\n  - weight: heavy\n");

  EXPECT_THAT(text, HasSubstr("job.yaml:1: side: found \"-3\", expected an integer from 1 to "
                              "1000"));
  EXPECT_THAT(text, HasSubstr("job.yaml:2: mode: found \"fsat\", expected one of fast, exact "
                              "(did you mean \"fast\"?)"));
  EXPECT_THAT(text, HasSubstr("job.yaml:4: sources[0].weight: found \"heavy\""));
  EXPECT_THAT(text, HasSubstr("sources[0].url: missing, expected a text"));
}

TEST(ConfigTest, SuggestsTheKeyThatWasMeant) {
  EXPECT_THAT(problems_of("sdie: 3\n"),
              HasSubstr("job.yaml:1: sdie: unknown key (did you mean \"side\"?)"));
}

TEST(ConfigTest, ReportsAKeyGivenTwice) {
  EXPECT_THAT(problems_of("side: 3\nside: 4\n"), HasSubstr("job.yaml:2: side: given twice"));
}

TEST(ConfigTest, NamesTheLineOfASyntaxError) {
  try {
    RawConfig::from_text("side: 3\nmode: [fast\n", "job.yaml");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::config_invalid);
    EXPECT_THAT(error.what(), HasSubstr("job.yaml:"));
  }
}

TEST(ConfigTest, RefusesHostileNesting) {
  EXPECT_THROW(RawConfig::from_text("a: " + std::string(100000, '[')), Error);
}

TEST(ConfigTest, PrintedConfigReadsBackTheSame) {
  Settings settings{.side = 7, .sources = {{.url = "x: y", .weight = 2}, {.url = "z"}}};
  settings.named["n"] = {.url = "w"};
  const std::string printed = to_yaml(settings);

  Settings again;
  ConfigProblems problems;
  RawConfig::from_text(printed).read(again, problems);

  EXPECT_TRUE(problems.empty()) << printed;
  EXPECT_EQ(to_yaml(again), printed);
}

TEST(ConfigTest, EveryTextReadsBackAsItWasPrinted) {
  using namespace std::string_literals;
  for (const std::string& text : {"plain"s, "a  b"s, " a"s,   "a "s,   "a\t"s,  "a\tb"s, "a\r\n"s,
                                  "a\0b"s,  "\x7f"s, "\\"s,   "\""s,   "a: b"s, "a #b"s, "- a"s,
                                  "~"s,     "null"s, "Null"s, "NULL"s, "true"s, "7"s,    "é"s}) {
    Settings settings{.sources = {{.url = text}}};
    settings.named[text] = {.url = "w"};

    Settings again;
    ConfigProblems problems;
    RawConfig::from_text(to_yaml(settings)).read(again, problems);

    EXPECT_TRUE(problems.empty()) << to_yaml(settings);
    EXPECT_EQ(again.sources.at(0).url, text) << to_yaml(settings);
    EXPECT_TRUE(again.named.contains(text)) << to_yaml(settings);
  }
}

TEST(ConfigTest, AFileThatCannotBeReadIsAProblemOfTheConfiguration) {
  for (const char* path : {"no/such/file.yaml", "."}) {
    try {
      RawConfig::from_file(path);
      ADD_FAILURE() << path << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::config_invalid);
      EXPECT_THAT(error.what(), HasSubstr(path));
    }
  }
}

TEST(ConfigTest, DocumentsNestedFields) {
  EXPECT_THAT(to_markdown<Settings>(),
              HasSubstr("| `sources[].url` | text | `required` | where |"));
}

TEST(ConfigTest, AChoiceThatIsLeftOpenReadsBack) {
  OpenChoice again{.way = ""};
  ConfigProblems problems;
  RawConfig::from_text(to_yaml(OpenChoice{})).read(again, problems);
  EXPECT_THAT(problems, IsEmpty());
  RawConfig::from_text("way: heap").read(again, problems);
  ASSERT_EQ(problems.size(), 1);
  EXPECT_THAT(problems[0].to_string(), HasSubstr("found \"heap\", expected one of spread, pack"));
}

}  // namespace
}  // namespace arno

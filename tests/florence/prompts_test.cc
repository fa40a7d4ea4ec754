// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <unistd.h>

#include <map>
#include <set>

#include "common/error.h"
#include "florence/prompts/prompt_sampler.h"
#include "florence/prompts/prompt_templates.h"
#include "io/atomic_file.h"

namespace arno::florence {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;

/// Reads templates from a file of their own.
class PromptsTest : public ::testing::Test {
 protected:
  ~PromptsTest() override { fs::remove(path_); }

  PromptTemplates read(std::string_view text) const {
    io::write_file_atomically(path_, text);
    return PromptTemplates::from_file(path_);
  }
  std::string problem_of(std::string_view text) const {
    try {
      read(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::data_corrupt);
      return error.what();
    }
    return "no error";
  }
  PromptSampler sampler(std::string_view templates, size_t max_short_words = 2) const {
    return PromptSampler(read(templates), max_short_words);
  }

  const fs::path path_ = fs::path(::testing::TempDir()) /
                         (std::string("arno_") + std::to_string(::getpid()) + "_" +
                          ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".txt");
};

TEST_F(PromptsTest, BuiltInSetHasThePapersTwoAndTheBareWord) {
  const auto templates = PromptTemplates::builtin();
  std::set<std::string> applied;
  for (size_t i = 0; i < templates.size(); ++i) applied.insert(templates.apply(i, "fox"));
  EXPECT_EQ(applied.size(), templates.size());
  EXPECT_THAT(applied, Contains("a photo of the fox"));
  EXPECT_THAT(applied, Contains("a cropped photo of fox"));
  EXPECT_THAT(applied, Contains("fox"));
  EXPECT_THAT(applied, ::testing::Each(HasSubstr("fox")));
  EXPECT_EQ(PromptTemplates::load("").size(), templates.size());
}

TEST_F(PromptsTest, ReadsOneTemplateALine) {
  const auto templates = read("# ours\r\na {}.\r\n\n{} {\n a }{}{ ");
  ASSERT_EQ(templates.size(), 3u);
  EXPECT_EQ(templates.apply(0, "{}"), "a {}.");
  EXPECT_EQ(templates.apply(1, "fox"), "fox {");
  EXPECT_EQ(templates.apply(2, "fox"), " a }fox{ ");
  EXPECT_EQ(PromptTemplates::load(path_).size(), 3u);
}

TEST_F(PromptsTest, NamesFileAndLineOfAProblem) {
  EXPECT_THAT(problem_of("{}\na photo\n"), HasSubstr(path_.string() + ":2: found 0"));
  EXPECT_THAT(problem_of("{} and {}"), HasSubstr(path_.string() + ":1: found 2"));
  EXPECT_THAT(problem_of("\n\n\xff {}"), HasSubstr(path_.string() + ":3: "));
  EXPECT_THAT(problem_of("# nothing\n\n"), HasSubstr(path_.string()));
  EXPECT_THROW(PromptTemplates::from_file("/no/such/file"), Error);
}

TEST_F(PromptsTest, TemplatesShortTextsOnly) {
  const PromptSampler sampler = this->sampler("a photo of {}");
  const std::vector<std::string> short_text{"Red Fox"};
  const std::vector<std::string> long_text{"A red fox"};

  const auto short_prompt = sampler.sample(short_text, RandomKey(1), false);
  const auto long_prompt = sampler.sample(long_text, RandomKey(1), false);

  EXPECT_EQ(short_prompt.text, "a photo of Red Fox");
  EXPECT_EQ(short_prompt.prompt_template, "a photo of {}");
  EXPECT_EQ(long_prompt.text, "A red fox");
  EXPECT_EQ(long_prompt.prompt_template, "");
}

TEST_F(PromptsTest, LabelIsOfTheTextBeforeTemplatingAndIgnoresCase) {
  const PromptSampler sampler = this->sampler("a {}\nthe {}\n{}");
  const std::vector<std::string> upper{"RED &amp;FOX"};
  const std::vector<std::string> lower{" red  &fox "};
  const std::vector<std::string> other{"red &foxes"};
  for (uint64_t key = 0; key < 20; ++key) {
    EXPECT_EQ(sampler.sample(upper, RandomKey(key), false).label, hash128("red &fox"));
    EXPECT_EQ(sampler.sample(lower, RandomKey(key), false).label, hash128("red &fox"));
    EXPECT_NE(sampler.sample(other, RandomKey(key), false).label, hash128("red &fox"));
  }
}

TEST_F(PromptsTest, DrawsTextsAndTemplatesEvenlyAndByKeyAlone) {
  const PromptSampler sampler = this->sampler("a {}\nthe {}\none {}");
  const std::vector<std::string> texts{"fox", "red fox"};
  std::map<std::string, int> counts;
  for (uint64_t i = 0; i < 6000; ++i) {
    const RandomKey key = RandomKey(7).child(i);
    const auto prompt = sampler.sample(texts, key, false);
    EXPECT_EQ(prompt.text, sampler.sample(texts, key, false).text);
    ++counts[prompt.text];
  }
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [text, count] : counts) EXPECT_NEAR(count, 1000, 150) << text;
}

TEST_F(PromptsTest, LongTextStageLeavesShortTextsOut) {
  const PromptSampler sampler = this->sampler("a {}");
  const std::vector<std::string> mixed{"fox", "a red fox runs", "red fox"};
  for (uint64_t key = 0; key < 20; ++key) {
    const auto prompt = sampler.sample(mixed, RandomKey(key), true);
    EXPECT_EQ(prompt.text, "a red fox runs");
    EXPECT_EQ(prompt.prompt_template, "");
  }
}

TEST_F(PromptsTest, WordLimitIsAnOption) {
  const std::vector<std::string> texts{"a red fox"};
  EXPECT_EQ(sampler("see {}", 3).sample(texts, RandomKey(1), false).text, "see a red fox");
  EXPECT_EQ(sampler("see {}", 0).sample(texts, RandomKey(1), false).text, "a red fox");
  EXPECT_THROW(sampler("see {}").sample({}, RandomKey(1), false), Error);
}

}  // namespace
}  // namespace arno::florence

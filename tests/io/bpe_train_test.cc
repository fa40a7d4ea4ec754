// SPDX-License-Identifier: Apache-2.0
#include "io/bpe_train.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "common/error.h"
#include "common/random.h"
#include "io/bpe_tokenizer.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;

/// Counts all pairs anew for each merge; words of ASCII letters only.
std::vector<BpeMerge> train_naively(const std::map<std::string, uint64_t>& words, size_t merges,
                                    uint64_t min_count) {
  std::vector<std::pair<std::vector<std::string>, uint64_t>> split;
  for (const auto& [word, count] : words) {
    std::vector<std::string> tokens;
    for (const char c : word) tokens.emplace_back(1, c);
    tokens.back() += "</w>";
    split.emplace_back(tokens, count);
  }
  std::vector<BpeMerge> out;
  while (out.size() < merges) {
    std::map<BpeMerge, uint64_t> counts;
    for (const auto& [tokens, count] : split) {
      for (size_t i = 0; i + 1 < tokens.size(); ++i) counts[{tokens[i], tokens[i + 1]}] += count;
    }
    const auto best = std::max_element(
        counts.begin(), counts.end(),
        [](const auto& left, const auto& right) { return left.second < right.second; });
    if (best == counts.end() || best->second < min_count) break;
    out.push_back(best->first);
    for (auto& [tokens, count] : split) {
      for (size_t i = 0; i + 1 < tokens.size(); ++i) {
        if (BpeMerge{tokens[i], tokens[i + 1]} != out.back()) continue;
        tokens[i] += tokens[i + 1];
        tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return out;
}

TEST(BpeTrainTest, MergesTheMostFrequentPairFirst) {
  const std::vector<CountedText> texts{{"low", 5}, {"lower", 2}, {"newest", 6}, {"widest", 3}};

  const auto merges = train_bpe(texts, {.vocab_size = 514 + 4});

  // e-s and s-t</w> occur 9 times each, and "e" comes before "s".
  EXPECT_THAT(merges, ElementsAre(BpeMerge{"e", "s"}, BpeMerge{"es", "t</w>"}, BpeMerge{"l", "o"},
                                  BpeMerge{"e", "w"}));
}

TEST(BpeTrainTest, MatchesCountingAnew) {
  Random random(RandomKey(11));
  for (int round = 0; round < 40; ++round) {
    BpeTrainer trainer;
    std::map<std::string, uint64_t> words;
    for (int i = 0; i < 60; ++i) {
      std::string word;
      for (uint64_t size = 1 + random.below(9); size > 0; --size) {
        word += static_cast<char>('a' + random.below(3));
      }
      const uint64_t count = 1 + random.below(4);
      words[word] += count;
      trainer.add(word, count);
    }
    const uint64_t min_count = 1 + random.below(4);

    const auto merges = trainer.train({.vocab_size = 514 + 80, .min_count = min_count});

    EXPECT_EQ(merges, train_naively(words, 80, min_count));
    EXPECT_NO_THROW(BpeVocabulary::from_merges(merges));
  }
}

TEST(BpeTrainTest, OrderOfTextsDoesNotMatter) {
  std::vector<CountedText> texts{{"a red fox"}, {"the red foxes", 3}, {"Éric's 2 boxes", 2}};
  const auto merges = train_bpe(texts, {.vocab_size = 600, .min_count = 1});
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(train_bpe(texts, {.vocab_size = 600, .min_count = 1}), merges);
}

TEST(BpeTrainTest, StopsWhenNoPairIsLeft) {
  EXPECT_THAT(train_bpe(std::vector<CountedText>{{"ab ab"}}, {}),
              ElementsAre(BpeMerge{"a", "b</w>"}));
  EXPECT_THAT(train_bpe(std::vector<CountedText>{{"ab"}}, {}), ElementsAre());
  EXPECT_THAT(train_bpe({}, {}), ElementsAre());
  EXPECT_THROW(train_bpe({}, {.vocab_size = 513}), Error);
}

TEST(BpeTrainTest, TrainedVocabularyShortensItsTexts) {
  const std::string text = "a quick brown fox jumps over the lazy dog's 3 bowls — déjà vu 東京";
  const auto merges = train_bpe(std::vector<CountedText>{{text, 2}}, {.vocab_size = 2000});
  const BpeTokenizer bpe(BpeVocabulary::from_merges(merges));

  const auto ids = bpe.encode(text);

  EXPECT_EQ(ids.size(), 2u + 16u);
  EXPECT_EQ(bpe.decode(ids), "a quick brown fox jumps over the lazy dog 's 3 bowls — déjà vu 東京");
}

TEST(BpeTrainTest, LeavesVeryLongWordsAndSpecialsOut) {
  const std::string noise(BpeTrainer::kLongestWord + 1, 'x');
  EXPECT_THAT(train_bpe(std::vector<CountedText>{{noise, 9}, {"<|endoftext|>", 9}}, {}),
              ElementsAre());
}

}  // namespace
}  // namespace arno::io

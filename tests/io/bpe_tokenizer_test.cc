// SPDX-License-Identifier: Apache-2.0
#include "io/bpe_tokenizer.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "common/error.h"
#include "common/random.h"
#include "io/detail/bpe_words.h"
#include "io/text_clean.h"
#include "io/utf8.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;

/// Tokens 512 to 518: "lo" "low" "low</w>" "er</w>" "aa" "aaaa" "'s</w>"; 519 and 520 are special.
const std::vector<BpeMerge> kMerges{{"l", "o"}, {"lo", "w"},  {"lo", "w</w>"}, {"e", "r</w>"},
                                    {"a", "a"}, {"aa", "aa"}, {"'", "s</w>"}};
constexpr int32_t kSot = 519;
constexpr int32_t kEot = 520;

BpeTokenizer tokenizer() { return BpeTokenizer(BpeVocabulary::from_merges(kMerges)); }

/// Ids in CLIP's order: '!' is the first byte.
int32_t inner(char c) { return c - '!'; }
int32_t last(char c) { return 256 + c - '!'; }

/// The tokens without the specials around them.
std::vector<int32_t> body(std::string_view text) {
  std::vector<int32_t> ids = tokenizer().encode(text);
  EXPECT_EQ(ids.front(), kSot);
  EXPECT_EQ(ids.back(), kEot);
  return {ids.begin() + 1, ids.end() - 1};
}

/// CLIP's way: find the pair of lowest rank, merge it everywhere, start again.
std::vector<int32_t> merge_naively(const BpeVocabulary& vocabulary, std::vector<int32_t> ids) {
  for (;;) {
    std::optional<BpeVocabulary::Merged> best;
    std::pair<int32_t, int32_t> pair;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto merged = vocabulary.merge(ids[i], ids[i + 1]);
      if (merged && (!best || merged->rank < best->rank)) {
        best = merged;
        pair = {ids[i], ids[i + 1]};
      }
    }
    if (!best) return ids;
    std::vector<int32_t> next;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (i + 1 < ids.size() && std::pair(ids[i], ids[i + 1]) == pair) {
        next.push_back(best->token);
        ++i;
      } else {
        next.push_back(ids[i]);
      }
    }
    ids = std::move(next);
  }
}

TEST(BpeTokenizerTest, SizesAndSpecialsFollowClip) {
  EXPECT_EQ(tokenizer().vocab_size(), 512 + 7 + 2);
  EXPECT_EQ(tokenizer().sot(), kSot);
  EXPECT_EQ(tokenizer().eot(), kEot);
}

TEST(BpeTokenizerTest, BytesAreNumberedPrintableOnesFirst) {
  EXPECT_THAT(body("!"), ElementsAre(256));
  EXPECT_THAT(body("~"), ElementsAre(256 + 93));
  // c3 a9 in UTF-8. Before a1 come 94 bytes, before ae 12 more.
  EXPECT_THAT(body("é"), ElementsAre(94 + 12 + 0xc3 - 0xae, 256 + 94 + 0xa9 - 0xa1));
}

TEST(BpeTokenizerTest, MergesByRank) {
  EXPECT_THAT(body("low"), ElementsAre(514));
  EXPECT_THAT(body("lower"), ElementsAre(513, 515));
  EXPECT_THAT(body("slow"), ElementsAre(inner('s'), 514));
  EXPECT_THAT(body("lo"), ElementsAre(inner('l'), last('o')));
  EXPECT_THAT(body("LOW  low"), ElementsAre(514, 514));
}

TEST(BpeTokenizerTest, MergesOverlappingPairsFromTheLeft) {
  EXPECT_THAT(body("aaaa"), ElementsAre(516, inner('a'), last('a')));
  EXPECT_THAT(body("aaaaab"), ElementsAre(517, inner('a'), last('b')));
}

TEST(BpeTokenizerTest, SplitsContractionsDigitsAndSigns) {
  using detail::split_words;
  EXPECT_THAT(split_words("it's we'll i'd they've you're i'm don't"),
              ElementsAre("it", "'s", "we", "'ll", "i", "'d", "they", "'ve", "you", "'re", "i",
                          "'m", "don", "'t"));
  EXPECT_THAT(split_words("in 1984: 50%!"),
              ElementsAre("in", "1", "9", "8", "4", ":", "5", "0", "%!"));
  EXPECT_THAT(split_words("''s !'s 'x"), ElementsAre("''", "s", "!'", "s", "'", "x"));
  EXPECT_THAT(split_words("naïve 東京2 😀😀a"), ElementsAre("naïve", "東京", "2", "😀😀", "a"));
  EXPECT_THAT(split_words("  "), ElementsAre());
  EXPECT_THAT(body("it's"), ElementsAre(inner('i'), last('t'), 518));
}

TEST(BpeTokenizerTest, SpelledOutSpecialsAreTokens) {
  EXPECT_THAT(body("<|startoftext|>low<|endoftext|>"), ElementsAre(kSot, 514, kEot));
}

TEST(BpeTokenizerTest, TruncationKeepsTheEndOfText) {
  const BpeTokenizer bpe = tokenizer();
  EXPECT_THAT(bpe.encode("low low low low", 4), ElementsAre(kSot, 514, 514, kEot));
  EXPECT_THAT(bpe.encode("low low", 4), ElementsAre(kSot, 514, 514, kEot));
  EXPECT_THAT(bpe.encode("xyz", 3), ElementsAre(kSot, inner('x'), kEot));
  EXPECT_THAT(bpe.encode("low", 2), ElementsAre(kSot, kEot));
  EXPECT_THAT(bpe.encode(""), ElementsAre(kSot, kEot));
  EXPECT_EQ(bpe.encode(std::string(1000, '7')).size(), 77u);
  EXPECT_EQ(bpe.encode(std::string(1000, '7')).back(), kEot);
  EXPECT_THROW(bpe.encode("low", 1), Error);
}

TEST(BpeTokenizerTest, DecodesWordsAndRefusesForeignIds) {
  const BpeTokenizer bpe = tokenizer();
  EXPECT_EQ(bpe.decode(bpe.encode("Slow,  lower")), "slow , lower");
  EXPECT_EQ(bpe.decode({}), "");
  EXPECT_THROW(bpe.decode(std::vector<int32_t>{521}), Error);
  EXPECT_THROW(bpe.decode(std::vector<int32_t>{-1}), Error);
}

TEST(BpeTokenizerTest, RandomTextsDecodeToTheirWords) {
  const BpeTokenizer bpe = tokenizer();
  Random random(RandomKey(3));
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (uint64_t i = random.below(40); i > 0; --i) {
      const char32_t limits[] = {0x80, 0x300, 0x3000, 0x20000};
      append_utf8(text, static_cast<char32_t>(random.below(limits[random.below(4)])));
    }
    std::string words;
    const std::string normalized = normalize_text(text);
    for (const std::string_view word : detail::split_words(normalized)) {
      if (!words.empty()) words += ' ';
      words += word;
    }

    EXPECT_EQ(bpe.decode(bpe.encode(text, 10'000)), words);
  }
}

TEST(BpeTokenizerTest, MatchesMergingOnePairAtATime) {
  const std::vector<BpeMerge> merges{
      {"a", "b"},   {"b", "a"},   {"ab", "a"},    {"a", "a"},     {"b", "b"},       {"aa", "b"},
      {"aba", "b"}, {"ba", "ab"}, {"a", "a</w>"}, {"b", "a</w>"}, {"ab", "aa</w>"}, {"bb", "ab"}};
  const BpeTokenizer bpe(BpeVocabulary::from_merges(merges));
  Random random(RandomKey(4));
  for (int round = 0; round < 3000; ++round) {
    std::string word;
    for (uint64_t i = 1 + random.below(14); i > 0; --i) word += random.below(2) ? 'a' : 'b';
    std::vector<int32_t> expected;
    for (const char c : word) expected.push_back(inner(c));
    expected.back() += 256;
    expected = merge_naively(bpe.vocabulary(), expected);
    expected.insert(expected.begin(), bpe.sot());
    expected.push_back(bpe.eot());

    EXPECT_EQ(bpe.encode(word), expected) << word;
  }
}

TEST(BpeTokenizerTest, VeryLongWordTakesLittleTime) {
  EXPECT_EQ(tokenizer().encode(std::string(1'000'000, 'a')).size(), 77u);
}

}  // namespace
}  // namespace arno::io

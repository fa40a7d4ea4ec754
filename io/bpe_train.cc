// SPDX-License-Identifier: Apache-2.0
#include "io/bpe_train.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <utility>

#include "common/error.h"
#include "io/detail/bpe_words.h"
#include "io/text_clean.h"

namespace arno::io {
namespace {

using Pair = std::pair<int32_t, int32_t>;

struct PairHash {
  size_t operator()(const Pair& pair) const {
    return (static_cast<uint64_t>(pair.first) << 32) | static_cast<uint32_t>(pair.second);
  }
};

struct Word {
  std::vector<int32_t> tokens;
  uint64_t count = 0;
};

/// Where a pair is.
struct Places {
  uint64_t count = 0;
  std::vector<int32_t> words;  ///< a superset, rising
};

/// The words as tokens, and the count of each pair, kept up to date while pairs are merged.
class Corpus {
 public:
  explicit Corpus(const std::unordered_map<std::string, uint64_t>& words) {
    for (const bool ends_word : {false, true}) {
      for (int byte = 0; byte < 256; ++byte) {
        written_.push_back(detail::written_byte(static_cast<uint8_t>(byte)) +
                           std::string(ends_word ? detail::kEndOfWord : ""));
      }
    }
    const std::map<std::string_view, uint64_t> ordered(words.begin(), words.end());
    for (const auto& [text, count] : ordered) {
      Word word{.tokens = {}, .count = count};
      for (const char c : text) word.tokens.push_back(static_cast<uint8_t>(c));
      word.tokens.back() += 256;
      words_.push_back(std::move(word));
      count_pairs(static_cast<int32_t>(words_.size()) - 1, kAnyToken);
    }
    queue_grown();
  }
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  /// The pair to merge next, if one occurs `min_count` times.
  std::optional<Pair> best(uint64_t min_count) {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      queue_.pop();
      const auto found = places_.find(top.pair);
      const uint64_t count = found == places_.end() ? 0 : found->second.count;
      if (count == top.count && count >= min_count) return top.pair;
      if (count < top.count && count >= min_count) queue_.push({count, top.pair, this});
    }
    return std::nullopt;
  }

  BpeMerge merge(Pair pair) {
    const auto token = static_cast<int32_t>(written_.size());
    written_.push_back(written_[pair.first] + written_[pair.second]);
    const std::vector<int32_t> words = std::move(places_[pair].words);
    for (const int32_t index : words) {
      uncount_pairs(index);
      replace(words_[index].tokens, pair, token);
      count_pairs(index, token);
    }
    places_.erase(pair);
    queue_grown();
    return {.left = written_[pair.first], .right = written_[pair.second]};
  }

 private:
  /// A pair with the count it had when it was queued.
  struct Candidate {
    uint64_t count;
    Pair pair;
    const Corpus* corpus;

    bool operator<(const Candidate& other) const {
      if (count != other.count) return count < other.count;
      const auto& written = corpus->written_;
      const int left = written[pair.first].compare(written[other.pair.first]);
      if (left != 0) return left > 0;
      return written[pair.second] > written[other.pair.second];
    }
  };

  /// Counts the pairs of a word. Those with the new token are new in it; the others are listed.
  void count_pairs(int32_t index, int32_t token) {
    const Word& word = words_[index];
    for (size_t i = 0; i + 1 < word.tokens.size(); ++i) {
      const Pair pair{word.tokens[i], word.tokens[i + 1]};
      Places& places = places_[pair];
      places.count += word.count;
      if (token != kAnyToken && pair.first != token && pair.second != token) continue;
      if (places.words.empty()) grown_.push_back(pair);
      if (places.words.empty() || places.words.back() != index) places.words.push_back(index);
    }
  }

  void queue_grown() {
    for (const Pair& pair : grown_) queue_.push({places_[pair].count, pair, this});
    grown_.clear();
  }

  void uncount_pairs(int32_t index) {
    const Word& word = words_[index];
    for (size_t i = 0; i + 1 < word.tokens.size(); ++i) {
      places_[{word.tokens[i], word.tokens[i + 1]}].count -= word.count;
    }
  }

  static void replace(std::vector<int32_t>& tokens, Pair pair, int32_t merged) {
    size_t out = 0;
    for (size_t in = 0; in < tokens.size(); ++out) {
      const bool here =
          in + 1 < tokens.size() && tokens[in] == pair.first && tokens[in + 1] == pair.second;
      tokens[out] = here ? merged : tokens[in];
      in += here ? 2 : 1;
    }
    tokens.resize(out);
  }

  static constexpr int32_t kAnyToken = -1;

  std::vector<std::string> written_;
  std::vector<Word> words_;
  std::unordered_map<Pair, Places, PairHash> places_;
  std::vector<Pair> grown_;  ///< pairs met for the first time, not yet queued
  std::priority_queue<Candidate> queue_;
};

}  // namespace

void BpeTrainer::add(std::string_view text, uint64_t count) {
  const std::string normalized = normalize_text(text);
  for (const std::string_view word : detail::split_words(normalized)) {
    const bool special = word == detail::kStartOfText || word == detail::kEndOfText;
    if (!special && word.size() <= kLongestWord) words_[std::string(word)] += count;
  }
}

std::vector<BpeMerge> BpeTrainer::train(const BpeTrainOptions& options) const {
  ARNO_CHECK(options.vocab_size >= BpeTrainOptions::kSmallest, Errc::invalid_argument,
             "[bpe] vocab_size is {}, expected at least {}", options.vocab_size,
             BpeTrainOptions::kSmallest);
  Corpus corpus(words_);
  std::vector<BpeMerge> merges;
  const auto wanted = static_cast<size_t>(options.vocab_size - BpeTrainOptions::kSmallest);
  while (merges.size() < wanted) {
    const auto pair = corpus.best(std::max<uint64_t>(options.min_count, 1));
    if (!pair) break;
    merges.push_back(corpus.merge(*pair));
  }
  return merges;
}

std::vector<BpeMerge> train_bpe(std::span<const CountedText> texts,
                                const BpeTrainOptions& options) {
  BpeTrainer trainer;
  for (const CountedText& text : texts) trainer.add(text.text, text.count);
  return trainer.train(options);
}

}  // namespace arno::io

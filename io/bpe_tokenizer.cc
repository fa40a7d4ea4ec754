// SPDX-License-Identifier: Apache-2.0
#include "io/bpe_tokenizer.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include "common/error.h"
#include "io/detail/bpe_words.h"
#include "io/text_clean.h"

namespace arno::io {
namespace {

/// Merges the tokens of one word, lowest rank first and left to right. Every merge uses tokens
/// that earlier merges made, so this order is CLIP's, which merges all places of a pair at once.
class WordMerger {
 public:
  WordMerger(const BpeVocabulary& vocabulary, std::string_view word) : vocabulary_(vocabulary) {
    const auto size = static_cast<int32_t>(word.size());
    for (int32_t i = 0; i < size; ++i) {
      const bool last = i + 1 == size;
      const int32_t id = vocabulary.byte_token(static_cast<uint8_t>(word[i]), last);
      symbols_.push_back({.id = id, .previous = i - 1, .next = last ? -1 : i + 1});
    }
    for (int32_t i = 0; i + 1 < size; ++i) offer(i);
  }

  void append_to(std::vector<int32_t>& ids) {
    while (!queue_.empty()) {
      const Candidate candidate = queue_.top();
      queue_.pop();
      if (is_current(candidate)) apply(candidate);
    }
    for (int32_t at = 0; at >= 0; at = symbols_[at].next) ids.push_back(symbols_[at].id);
  }

 private:
  /// A token; kNone once it was merged into the one before it.
  struct Symbol {
    int32_t id;
    int32_t previous;
    int32_t next;
  };
  /// A pair that may be merged when its turn comes, if it is still there.
  struct Candidate {
    int32_t rank;
    int32_t at;
    int32_t left;
    int32_t right;
    int32_t merged;

    bool operator>(const Candidate& other) const {
      return std::tie(rank, at) > std::tie(other.rank, other.at);
    }
  };
  static constexpr int32_t kNone = -1;

  void offer(int32_t at) {
    const int32_t next = at < 0 ? -1 : symbols_[at].next;
    if (next < 0) return;
    const int32_t left = symbols_[at].id;
    const int32_t right = symbols_[next].id;
    if (const auto merged = vocabulary_.merge(left, right)) {
      queue_.push(
          {.rank = merged->rank, .at = at, .left = left, .right = right, .merged = merged->token});
    }
  }

  bool is_current(const Candidate& candidate) const {
    const Symbol& symbol = symbols_[candidate.at];
    return symbol.id == candidate.left && symbol.next >= 0 &&
           symbols_[symbol.next].id == candidate.right;
  }

  void apply(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.at];
    Symbol& right = symbols_[left.next];
    left.id = candidate.merged;
    left.next = right.next;
    right.id = kNone;
    if (left.next >= 0) symbols_[left.next].previous = candidate.at;
    offer(left.previous);
    offer(candidate.at);
  }

  const BpeVocabulary& vocabulary_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue_;
};

}  // namespace

BpeTokenizer::BpeTokenizer(BpeVocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

BpeTokenizer BpeTokenizer::open(const std::filesystem::path& path) {
  return BpeTokenizer(BpeVocabulary::open(path));
}

std::vector<int32_t> BpeTokenizer::encode(std::string_view text, int64_t context_length) const {
  ARNO_CHECK(context_length >= 2, Errc::invalid_argument,
             "[bpe] context_length is {}, expected at least 2", context_length);
  const auto most = static_cast<size_t>(context_length) - 1;
  const std::string normalized = normalize_text(text);
  std::vector<int32_t> ids{sot()};
  for (const std::string_view word : detail::split_words(normalized)) {
    if (ids.size() >= most) break;
    if (word == detail::kStartOfText || word == detail::kEndOfText) {
      ids.push_back(word == detail::kStartOfText ? sot() : eot());
    } else {
      WordMerger(vocabulary_, word).append_to(ids);
    }
  }
  ids.resize(std::min(ids.size(), most));
  ids.push_back(eot());
  return ids;
}

std::string BpeTokenizer::decode(std::span<const int32_t> ids) const {
  std::string text;
  for (const int32_t id : ids) {
    ARNO_CHECK(id >= 0 && id < vocab_size(), Errc::invalid_argument,
               "[bpe] id is {}, expected 0 to {}", id, vocab_size() - 1);
    const BpeVocabulary::Token& token = vocabulary_.token(id);
    text += token.bytes;
    if (token.ends_word) text += ' ';
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace arno::io

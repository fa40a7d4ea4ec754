// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/bpe_vocabulary.h"

namespace arno::io {

/// How many merges are learned.
struct BpeTrainOptions {
  int64_t vocab_size = 8192;  ///< tokens in all; at least kSmallest
  uint64_t min_count = 2;     ///< a pair seen less often is not merged

  /// 256 bytes, 256 bytes that end a word, two specials.
  static constexpr int64_t kSmallest = 514;
};

/// Learns the merges of a byte-level BPE from texts (Sennrich et al. 2016): the most frequent pair
/// is merged, again and again. Depends on the texts and their counts alone, not on their order.
class BpeTrainer {
 public:
  /// Words of more bytes are left out: they are addresses and noise, and cost the most.
  static constexpr size_t kLongestWord = 128;

  /// Counts the words of normalize_text(text), `count` times. Counts add up to less than 2^63.
  void add(std::string_view text, uint64_t count = 1);

  /// Between pairs of equal count the smaller one wins, by left token, then right token, bytewise
  /// as written in merges.txt. Gives fewer merges than asked for when no pair is left. Throws
  /// invalid_argument if vocab_size is too small.
  std::vector<BpeMerge> train(const BpeTrainOptions& options) const;

 private:
  std::unordered_map<std::string, uint64_t> words_;
};

/// A text and how often it occurs.
struct CountedText {
  std::string text;
  uint64_t count = 1;
};

/// BpeTrainer in one call.
std::vector<BpeMerge> train_bpe(std::span<const CountedText> texts, const BpeTrainOptions& options);

}  // namespace arno::io

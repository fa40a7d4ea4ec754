// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/bpe_vocabulary.h"

namespace arno::io {

/// CLIP's byte-level BPE (Radford et al. 2021, section 2.4). Safe to use from several threads.
class BpeTokenizer {
 public:
  /// Positions of CLIP's text tower, both specials included.
  static constexpr int64_t kContextLength = 77;

  explicit BpeTokenizer(BpeVocabulary vocabulary);

  /// A folder with vocab.json and merges.txt, or CLIP's bpe_simple_vocab_16e6.txt.gz. Throws as
  /// BpeVocabulary::open.
  static BpeTokenizer open(const std::filesystem::path& path);

  /// Start of text, the tokens of normalize_text(text), end of text: at most `context_length` ids,
  /// at least 2. A longer text loses its last tokens and keeps its end of text. Special tokens
  /// spelled out in the text become those tokens, as in CLIP. Any bytes are a text. Throws
  /// invalid_argument if context_length < 2.
  std::vector<int32_t> encode(std::string_view text, int64_t context_length = kContextLength) const;

  /// The words of the ids, a space after each but the last; specials have no text. Cut-off code
  /// points stay cut off, so the result need not be UTF-8. Throws invalid_argument for an id out
  /// of range.
  std::string decode(std::span<const int32_t> ids) const;

  int32_t vocab_size() const { return vocabulary_.size(); }
  int32_t sot() const { return vocabulary_.start_of_text(); }
  int32_t eot() const { return vocabulary_.end_of_text(); }
  const BpeVocabulary& vocabulary() const { return vocabulary_; }

 private:
  BpeVocabulary vocabulary_;
};

}  // namespace arno::io

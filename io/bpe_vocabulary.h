// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace arno::io {

/// Two tokens that become one, as vocabulary files write them: bytes as characters, `</w>` at the
/// end of a word.
struct BpeMerge {
  std::string left;
  std::string right;

  auto operator<=>(const BpeMerge&) const = default;
};

/// Tokens and merges of a byte-level BPE with end-of-word marks, as CLIP has it: 256 bytes, 256
/// bytes that end a word, one token per merge, start of text, end of text.
///
/// Readers check everything: each merge joins tokens that are there already into a new one. A
/// file that breaks this throws data_corrupt, naming file and line; one that cannot be read throws
/// io_failed.
class BpeVocabulary {
 public:
  /// Merges of CLIP's own vocabulary of 49,408 tokens.
  static constexpr size_t kClipMerges = 48894;

  /// A text and the name that errors call it by.
  struct Named {
    std::string name;
    std::string_view text;
  };
  /// One token.
  struct Token {
    std::string bytes;
    bool ends_word = false;
  };
  /// What a pair of tokens becomes.
  struct Merged {
    int32_t rank = 0;  ///< merges of lower rank come first
    int32_t token = 0;
  };

  /// A folder with vocab.json and merges.txt, or CLIP's bpe_simple_vocab_16e6.txt.gz.
  static BpeVocabulary open(const std::filesystem::path& path);
  /// The bytes of CLIP's file: gzip; a first line that is skipped; `merges` lines of two tokens,
  /// after which more may follow that are not used.
  static BpeVocabulary from_clip(const Named& gzip, size_t merges = kClipMerges);
  /// Hugging Face's format: vocab.json maps tokens to ids 0..N-1 in any order, merges.txt has an
  /// optional "#version" line and one merge a line.
  static BpeVocabulary from_hugging_face(const Named& vocab, const Named& merges);
  /// Ids in CLIP's order.
  static BpeVocabulary from_merges(std::span<const BpeMerge> merges);

  int32_t size() const { return static_cast<int32_t>(tokens_.size()); }
  int32_t start_of_text() const { return start_of_text_; }
  int32_t end_of_text() const { return end_of_text_; }
  /// `id` in [0, size()). The two specials have no bytes.
  const Token& token(int32_t id) const { return tokens_[static_cast<size_t>(id)]; }
  int32_t byte_token(uint8_t byte, bool ends_word) const { return byte_ids_[ends_word][byte]; }
  std::optional<Merged> merge(int32_t left, int32_t right) const;

 private:
  /// Ids of written tokens.
  using Ids = std::unordered_map<std::string, int32_t>;
  struct Lines;

  static Ids clip_ids(const Lines& lines);
  BpeVocabulary(Ids ids, const Lines& lines, std::string_view vocab_name);

  void add_merge(const Ids& ids, const Lines& lines, size_t index);

  std::vector<Token> tokens_;
  std::array<std::array<int32_t, 256>, 2> byte_ids_{};
  std::unordered_map<uint64_t, Merged> merges_;
  int32_t start_of_text_ = 0;
  int32_t end_of_text_ = 0;
};

/// vocab.json and merges.txt of a vocabulary with ids in CLIP's order, both in Hugging Face's
/// format, written to `folder` (made if missing), each atomically. Throws io_failed, or
/// data_corrupt if the merges make no vocabulary.
void write_bpe(const std::filesystem::path& folder, std::span<const BpeMerge> merges);

}  // namespace arno::io

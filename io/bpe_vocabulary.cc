// SPDX-License-Identifier: Apache-2.0
#include "io/bpe_vocabulary.h"

#include <system_error>
#include <utility>

#include "common/error.h"
#include "io/detail/bpe_files.h"
#include "io/detail/bpe_words.h"
#include "io/detail/gunzip.h"
#include "io/detail/shown.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

constexpr std::string_view kComponent = "bpe";
constexpr size_t kMaxFileBytes = size_t{64} << 20;

uint64_t pair_key(int32_t left, int32_t right) {
  return (static_cast<uint64_t>(left) << 32) | static_cast<uint32_t>(right);
}

/// The id of a token that every vocabulary has.
int32_t required_id(const std::unordered_map<std::string, int32_t>& ids, const std::string& token,
                    std::string_view name) {
  const auto found = ids.find(token);
  ARNO_CHECK(found != ids.end(), Errc::data_corrupt, "[{}] {}: token {} is missing", kComponent,
             name, detail::shown(token));
  return found->second;
}

}  // namespace

struct BpeVocabulary::Lines {
  std::string name;
  size_t first = 1;  ///< number of the first merge's line
  std::vector<BpeMerge> merges;

  std::string place(size_t index) const { return fmt::format("{}:{}", name, first + index); }
};

BpeVocabulary::Ids BpeVocabulary::clip_ids(const Lines& lines) {
  Ids ids;
  const auto add = [&](std::string token) {
    return ids.emplace(std::move(token), static_cast<int32_t>(ids.size())).second;
  };
  for (const uint8_t byte : detail::bytes_in_order()) add(detail::written_byte(byte));
  for (const uint8_t byte : detail::bytes_in_order()) {
    add(detail::written_byte(byte) + std::string(detail::kEndOfWord));
  }
  for (size_t i = 0; i < lines.merges.size(); ++i) {
    const std::string token = lines.merges[i].left + lines.merges[i].right;
    ARNO_CHECK(add(token), Errc::data_corrupt, "[{}] {}: token {} is made a second time",
               kComponent, lines.place(i), detail::shown(token));
  }
  for (const std::string_view special : {detail::kStartOfText, detail::kEndOfText}) {
    ARNO_CHECK(add(std::string(special)), Errc::data_corrupt, "[{}] {}: a merge makes {}",
               kComponent, lines.name, special);
  }
  return ids;
}

BpeVocabulary::BpeVocabulary(Ids ids, const Lines& lines, std::string_view vocab_name)
    : tokens_(ids.size()) {
  start_of_text_ = required_id(ids, std::string(detail::kStartOfText), vocab_name);
  end_of_text_ = required_id(ids, std::string(detail::kEndOfText), vocab_name);
  for (const bool ends_word : {false, true}) {
    for (const uint8_t byte : detail::bytes_in_order()) {
      const std::string written =
          detail::written_byte(byte) + std::string(ends_word ? detail::kEndOfWord : "");
      const int32_t id = required_id(ids, written, vocab_name);
      byte_ids_[ends_word][byte] = id;
      tokens_[id] = {.bytes = std::string(1, static_cast<char>(byte)), .ends_word = ends_word};
    }
  }
  for (size_t i = 0; i < lines.merges.size(); ++i) add_merge(ids, lines, i);
  for (int32_t id = 0; id < size(); ++id) {
    const bool special = id == start_of_text_ || id == end_of_text_;
    ARNO_CHECK(special || !tokens_[id].bytes.empty(), Errc::data_corrupt,
               "[{}] {}: token {} is made by no line of {}", kComponent, vocab_name, id,
               lines.name);
  }
}

void BpeVocabulary::add_merge(const Ids& ids, const Lines& lines, size_t index) {
  const BpeMerge& merge = lines.merges[index];
  const auto part = [&](const std::string& token) {
    const auto found = ids.find(token);
    const bool known = found != ids.end() && !tokens_[found->second].bytes.empty();
    ARNO_CHECK(known, Errc::data_corrupt,
               "[{}] {}: token {} is neither a byte nor made by an earlier line", kComponent,
               lines.place(index), detail::shown(token));
    return found->second;
  };
  const int32_t left = part(merge.left);
  const int32_t right = part(merge.right);
  ARNO_CHECK(!tokens_[left].ends_word, Errc::data_corrupt,
             "[{}] {}: token {} ends a word, nothing can follow it", kComponent, lines.place(index),
             detail::shown(merge.left));
  const std::string joined = merge.left + merge.right;
  const auto made = ids.find(joined);
  ARNO_CHECK(made != ids.end(), Errc::data_corrupt,
             "[{}] {}: makes {}, which the vocabulary does not have", kComponent,
             lines.place(index), detail::shown(joined));
  const int32_t id = made->second;
  ARNO_CHECK(tokens_[id].bytes.empty() && id != start_of_text_ && id != end_of_text_,
             Errc::data_corrupt, "[{}] {}: token {} is made a second time", kComponent,
             lines.place(index), detail::shown(joined));
  tokens_[id] = {.bytes = tokens_[left].bytes + tokens_[right].bytes,
                 .ends_word = tokens_[right].ends_word};
  merges_.emplace(pair_key(left, right), Merged{static_cast<int32_t>(index), id});
}

BpeVocabulary BpeVocabulary::open(const std::filesystem::path& path) {
  const auto read = [](const std::filesystem::path& file) {
    return read_file(file, kMaxFileBytes);
  };
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const std::string bytes = read(path);
    return from_clip({.name = path.string(), .text = bytes});
  }
  const std::string vocab = read(path / "vocab.json");
  const std::string merges = read(path / "merges.txt");
  return from_hugging_face({.name = (path / "vocab.json").string(), .text = vocab},
                           {.name = (path / "merges.txt").string(), .text = merges});
}

BpeVocabulary BpeVocabulary::from_clip(const Named& gzip, size_t merges) {
  const std::string text = detail::gunzip(gzip.text, kMaxFileBytes, gzip.name);
  Lines lines{.name = gzip.name, .first = 2, .merges = {}};
  lines.merges = detail::read_merges(text, {.name = gzip.name, .skip = 1, .limit = merges});
  ARNO_CHECK(lines.merges.size() == merges, Errc::data_corrupt,
             "[{}] {}: found {} merges, expected {}", kComponent, gzip.name, lines.merges.size(),
             merges);
  return BpeVocabulary(clip_ids(lines), lines, gzip.name);
}

BpeVocabulary BpeVocabulary::from_hugging_face(const Named& vocab, const Named& merges) {
  const size_t skip = merges.text.starts_with("#version") ? 1 : 0;
  Lines lines{.name = merges.name, .first = skip + 1, .merges = {}};
  lines.merges = detail::read_merges(merges.text, {.name = merges.name, .skip = skip});
  return BpeVocabulary(detail::read_vocab_json(vocab.text, vocab.name), lines, vocab.name);
}

BpeVocabulary BpeVocabulary::from_merges(std::span<const BpeMerge> merges) {
  const Lines lines{.name = "merges", .first = 1, .merges = {merges.begin(), merges.end()}};
  return BpeVocabulary(clip_ids(lines), lines, lines.name);
}

std::optional<BpeVocabulary::Merged> BpeVocabulary::merge(int32_t left, int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  if (found == merges_.end()) return std::nullopt;
  return found->second;
}

}  // namespace arno::io

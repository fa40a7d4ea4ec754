// SPDX-License-Identifier: Apache-2.0
#include "io/detail/bpe_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "io/atomic_file.h"
#include "io/detail/bpe_words.h"
#include "io/detail/shown.h"

namespace arno::io {
namespace detail {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kComponent = "bpe";

/// Builds the ids while the JSON is parsed, and stops at the first value that is not an id.
class VocabHandler : public Json::json_sax_t {
 public:
  explicit VocabHandler(std::string_view name) : name_(name) {}

  std::unordered_map<std::string, int32_t> take() {
    std::vector<bool> seen(ids_.size());
    for (const auto& [token, id] : ids_) {
      const bool fits = id < static_cast<int64_t>(ids_.size());
      ARNO_CHECK(fits && !seen[id], Errc::data_corrupt,
                 "[{}] {}: id {} is {}, expected 0 to {} once each", kComponent, name_, id,
                 fits ? "given twice" : "out of range", static_cast<int64_t>(ids_.size()) - 1);
      seen[id] = true;
    }
    return std::move(ids_);
  }

  bool start_object(size_t) override {
    ARNO_CHECK(!std::exchange(inside_, true), Errc::data_corrupt,
               "[{}] {}: token {} has an object, expected an id", kComponent, name_, shown(key_));
    return true;
  }
  bool key(std::string& token) override {
    key_ = std::move(token);
    return true;
  }
  bool number_unsigned(number_unsigned_t id) override {
    if (!inside_) return refuse("a number");
    ARNO_CHECK(id <= static_cast<number_unsigned_t>(std::numeric_limits<int32_t>::max()),
               Errc::data_corrupt, "[{}] {}: token {} has id {}, too large", kComponent, name_,
               shown(key_), id);
    ARNO_CHECK(ids_.emplace(key_, static_cast<int32_t>(id)).second, Errc::data_corrupt,
               "[{}] {}: token {} is given twice", kComponent, name_, shown(key_));
    return true;
  }
  bool end_object() override { return true; }
  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("a boolean"); }
  bool number_integer(number_integer_t) override { return refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return refuse("a fraction"); }
  bool string(string_t&) override { return refuse("a text"); }
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool start_array(size_t) override { return refuse("an array"); }
  bool end_array() override { return true; }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    fail(Errc::data_corrupt, "[{}] {}: JSON is broken at byte {}", kComponent, name_, position);
  }

 private:
  bool refuse(std::string_view found) {
    if (inside_) {
      fail(Errc::data_corrupt, "[{}] {}: token {} has {}, expected an id", kComponent, name_,
           shown(key_), found);
    }
    fail(Errc::data_corrupt, "[{}] {}: found {}, expected an object from tokens to ids", kComponent,
         name_, found);
  }

  std::string_view name_;
  std::string key_;
  bool inside_ = false;
  std::unordered_map<std::string, int32_t> ids_;
};

BpeMerge read_merge(std::string_view line, std::string_view name, size_t number) {
  const size_t space = line.find(' ');
  const bool two = space != std::string_view::npos && space > 0 && space + 1 < line.size() &&
                   line.find(' ', space + 1) == std::string_view::npos;
  ARNO_CHECK(two, Errc::data_corrupt,
             "[{}] {}:{}: found {}, expected two tokens with a space between", kComponent, name,
             number, shown(line));
  return {.left = std::string(line.substr(0, space)), .right = std::string(line.substr(space + 1))};
}

}  // namespace

std::vector<BpeMerge> read_merges(std::string_view text, const MergeLines& lines) {
  std::vector<BpeMerge> merges;
  const size_t end = text.find_last_not_of("\r\n");
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  for (size_t number = 1; !text.empty() && merges.size() < lines.limit; ++number) {
    const size_t size = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, size);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number > lines.skip) merges.push_back(read_merge(line, lines.name, number));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return merges;
}

std::unordered_map<std::string, int32_t> read_vocab_json(std::string_view text,
                                                         std::string_view name) {
  VocabHandler handler(name);
  Json::sax_parse(text, &handler);
  return handler.take();
}

std::string merges_text(std::span<const BpeMerge> merges) {
  std::string text = "#version: 0.2\n";
  for (const BpeMerge& merge : merges) text += merge.left + ' ' + merge.right + '\n';
  return text;
}

std::string vocab_json(std::span<const BpeMerge> merges) {
  std::string text = "{";
  size_t id = 0;
  const auto add = [&](std::string_view token) {
    text += fmt::format("{}{}: {}", id == 0 ? "\n" : ",\n", Json(token).dump(), id);
    ++id;
  };
  for (const uint8_t byte : bytes_in_order()) add(written_byte(byte));
  for (const uint8_t byte : bytes_in_order()) add(written_byte(byte) + std::string(kEndOfWord));
  for (const BpeMerge& merge : merges) add(merge.left + merge.right);
  add(kStartOfText);
  add(kEndOfText);
  return text + "\n}\n";
}

}  // namespace detail

void write_bpe(const std::filesystem::path& folder, std::span<const BpeMerge> merges) {
  BpeVocabulary::from_merges(merges);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  ARNO_CHECK(!error, Errc::io_failed, "[bpe] making folder '{}': {}", folder.string(),
             error.message());
  write_file_atomically(folder / "merges.txt", detail::merges_text(merges));
  write_file_atomically(folder / "vocab.json", detail::vocab_json(merges));
}

}  // namespace arno::io

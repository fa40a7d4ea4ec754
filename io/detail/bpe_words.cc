// SPDX-License-Identifier: Apache-2.0
#include "io/detail/bpe_words.h"

#include <array>

#include "io/utf8.h"

namespace arno::io::detail {
namespace {

enum class Kind { letter, number, space, other };

Kind kind_of(char32_t point) {
  if (is_letter(point)) return Kind::letter;
  if (is_number(point)) return Kind::number;
  return is_space(point) ? Kind::space : Kind::other;
}

bool is_printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

std::vector<uint8_t> make_bytes_in_order() {
  std::vector<uint8_t> order;
  for (const bool printable : {true, false}) {
    for (int byte = 0; byte < 256; ++byte) {
      if (is_printable(byte) == printable) order.push_back(static_cast<uint8_t>(byte));
    }
  }
  return order;
}

std::array<std::string, 256> make_written_bytes() {
  std::array<std::string, 256> written;
  char32_t next = 0x100;
  for (const uint8_t byte : bytes_in_order()) {
    append_utf8(written[byte], is_printable(byte) ? byte : next++);
  }
  return written;
}

/// The special token or contraction at the start of `text`; empty if there is none.
std::string_view fixed_word(std::string_view text) {
  static constexpr std::string_view kFixed[] = {kStartOfText, kEndOfText, "'s",  "'t", "'re",
                                                "'ve",        "'m",       "'ll", "'d"};
  for (const std::string_view word : kFixed) {
    if (text.starts_with(word)) return text.substr(0, word.size());
  }
  return {};
}

/// Bytes of the run of code points of the same kind that starts `text`.
size_t run_size(std::string_view text, Kind kind) {
  size_t size = 0;
  while (size < text.size()) {
    const CodePoint point = decode_utf8(text, size);
    if (kind_of(point.value) != kind) break;
    size += point.size;
    if (kind == Kind::number) break;
  }
  return size;
}

}  // namespace

const std::vector<uint8_t>& bytes_in_order() {
  static const std::vector<uint8_t> order = make_bytes_in_order();
  return order;
}

const std::string& written_byte(uint8_t byte) {
  static const std::array<std::string, 256> written = make_written_bytes();
  return written[byte];
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const Kind kind = kind_of(decode_utf8(text, 0).value);
    size_t size = kind == Kind::other ? fixed_word(text).size() : 0;
    if (size == 0) size = run_size(text, kind);
    if (kind != Kind::space) words.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return words;
}

}  // namespace arno::io::detail

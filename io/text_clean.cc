// SPDX-License-Identifier: Apache-2.0
#include "io/text_clean.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "io/detail/unicode_tables.h"
#include "io/utf8.h"

namespace arno::io {
namespace {

/// Windows-1252 at 0x80..0x9f; 0 where it has no character.
constexpr char32_t kWindows1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

/// Something found in a text: what it stands for, and the bytes it takes.
struct Found {
  std::string text;
  size_t size = 0;
};

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

bool is_ascii_alphanumeric(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The value of a digit in the base (10 or 16), or -1.
int digit_value(char c, int base) {
  if (is_ascii_digit(c)) return c - '0';
  if (base == 16 && c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (base == 16 && c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What a numeric reference stands for; empty for characters that HTML 5 does not allow.
std::string referenced(char32_t number) {
  std::string text;
  if (number >= 0x80 && number <= 0x9f && kWindows1252[number - 0x80] != 0) {
    append_utf8(text, kWindows1252[number - 0x80]);
    return text;
  }
  if (number == 0) number = kReplacement;
  const bool control =
      (number < 0x20 && number != '\t' && number != '\n' && number != '\f' && number != '\r') ||
      (number >= 0x7f && number <= 0x9f);
  const bool noncharacter =
      (number >= 0xfdd0 && number <= 0xfdef) || (number <= 0x10ffff && (number & 0xfffe) == 0xfffe);
  if (!control && !noncharacter) append_utf8(text, number);
  return text;
}

/// `text` starts with "&#".
std::optional<Found> numeric_reference(std::string_view text) {
  const bool hexadecimal = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const int base = hexadecimal ? 16 : 10;
  const size_t start = hexadecimal ? 3 : 2;
  size_t end = start;
  char32_t number = 0;
  for (; end < text.size() && digit_value(text[end], base) >= 0; ++end) {
    const auto digit = static_cast<char32_t>(digit_value(text[end], base));
    number = std::min<char32_t>(number * base + digit, 0x110000);
  }
  if (end == start) return std::nullopt;
  if (end < text.size() && text[end] == ';') ++end;
  return Found{.text = referenced(number), .size = end};
}

const detail::HtmlEntity* find_entity(std::string_view name) {
  const auto* found = std::lower_bound(
      std::begin(detail::kHtmlEntities), std::end(detail::kHtmlEntities), name,
      [](const detail::HtmlEntity& entity, std::string_view key) { return entity.name < key; });
  return found != std::end(detail::kHtmlEntities) && found->name == name ? found : nullptr;
}

/// `text` starts with "&".
std::optional<Found> named_reference(std::string_view text) {
  constexpr size_t kLongestName = 8;
  size_t end = 1;
  while (end < text.size() && end <= kLongestName && is_ascii_alphanumeric(text[end])) ++end;
  const auto found = [](const detail::HtmlEntity& entity, size_t size) {
    Found result{.text = {}, .size = size};
    append_utf8(result.text, entity.code_point);
    return result;
  };
  if (end < text.size() && text[end] == ';') {
    if (const auto* entity = find_entity(text.substr(1, end - 1))) return found(*entity, end + 1);
  }
  for (; end > 1; --end) {
    const auto* entity = find_entity(text.substr(1, end - 1));
    if (entity != nullptr && entity->legacy) return found(*entity, end);
  }
  return std::nullopt;
}

/// The byte that Windows-1252 (with Latin-1 in its gaps) writes for a code point, if any.
std::optional<uint8_t> windows1252_byte(char32_t code_point) {
  if (code_point <= 0xff) return static_cast<uint8_t>(code_point);
  const auto* found = std::find(std::begin(kWindows1252), std::end(kWindows1252), code_point);
  if (found == std::end(kWindows1252)) return std::nullopt;
  return static_cast<uint8_t>(0x80 + (found - std::begin(kWindows1252)));
}

/// The character whose UTF-8 was read as single bytes at `offset`, if that is beyond doubt.
std::optional<Found> misread_utf8(std::string_view text, size_t offset) {
  const char32_t lead = decode_utf8(text, offset).value;
  const size_t length = lead == 0xc2 || lead == 0xc3 ? 2 : lead == 0xe2 ? 3 : 0;
  if (length == 0) return std::nullopt;
  std::string bytes;
  size_t size = 0;
  for (size_t i = 0; i < length && offset + size < text.size(); ++i) {
    const CodePoint point = decode_utf8(text, offset + size);
    // A quote or a dash after a capital A with tilde may be meant.
    if (!point.valid || (length == 2 && point.value > 0xff)) return std::nullopt;
    const auto byte = windows1252_byte(point.value);
    if (!byte) return std::nullopt;
    bytes.push_back(static_cast<char>(*byte));
    size += point.size;
  }
  if (bytes.size() != length || !decode_utf8(bytes, 0).valid) return std::nullopt;
  if (length == 3 && decode_utf8(bytes, 0).value > 0x2fff) return std::nullopt;
  return Found{.text = bytes, .size = size};
}

bool is_dropped(char32_t point) {
  return ((point < 0x20 || (point >= 0x7f && point <= 0x9f)) && !is_space(point)) ||
         point == 0xfeff;
}

/// Appends the plain form of one code point.
void append_plain(std::string& out, char32_t point) {
  constexpr std::string_view kLigatures[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
  if (is_dropped(point)) return;
  if (point == 0x2bc || (point >= 0x2018 && point <= 0x201b)) {
    out += '\'';
  } else if (point >= 0x201c && point <= 0x201f) {
    out += '"';
  } else if (point >= 0xff01 && point <= 0xff5e) {
    append_utf8(out, point - 0xff01 + '!');
  } else if (point >= 0xfb00 && point <= 0xfb06) {
    out += kLigatures[point - 0xfb00];
  } else {
    append_utf8(out, point);
  }
}

std::string collapse_spaces(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  for (size_t offset = 0; offset < text.size();) {
    const CodePoint point = decode_utf8(text, offset);
    offset += point.size;
    if (is_space(point.value)) {
      space = true;
      continue;
    }
    if (space && !out.empty()) out += ' ';
    space = false;
    append_utf8(out, point.value);
  }
  return out;
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) {
    std::optional<Found> found;
    if (text[offset] == '&') {
      const std::string_view rest = text.substr(offset);
      found = rest.starts_with("&#") ? numeric_reference(rest) : named_reference(rest);
    }
    out += found ? std::string_view(found->text) : text.substr(offset, 1);
    offset += found ? found->size : 1;
  }
  return out;
}

std::string fix_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) {
    if (const auto misread = misread_utf8(text, offset)) {
      append_plain(out, decode_utf8(misread->text, 0).value);
      offset += misread->size;
      continue;
    }
    const CodePoint point = decode_utf8(text, offset);
    append_plain(out, point.value);
    offset += point.size;
  }
  return out;
}

std::string clean_text(std::string_view text) {
  return collapse_spaces(unescape_html(unescape_html(fix_text(text))));
}

std::string lower_case(std::string_view text) {
  constexpr char32_t kDottedCapitalI = 0x130;
  constexpr char32_t kDotAbove = 0x307;
  std::string out;
  out.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) {
    const CodePoint point = decode_utf8(text, offset);
    offset += point.size;
    if (point.value == kDottedCapitalI) {
      out += 'i';
      append_utf8(out, kDotAbove);
    } else {
      append_utf8(out, to_lower(point.value));
    }
  }
  return out;
}

std::string normalize_text(std::string_view text) { return lower_case(clean_text(text)); }

size_t word_count(std::string_view text) {
  size_t words = 0;
  bool inside = false;
  for (size_t offset = 0; offset < text.size();) {
    const CodePoint point = decode_utf8(text, offset);
    offset += point.size;
    const bool space = is_space(point.value);
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

}  // namespace arno::io

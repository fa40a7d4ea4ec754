// SPDX-License-Identifier: Apache-2.0
#include "cli/top/text.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>

#include "io/utf8.h"

namespace arno::cli::top {
namespace {

constexpr const char* kEllipsis = "…";
constexpr int kMaxMarks = 2;

/// What an unprintable character is to `width_of`.
constexpr int kUnprintable = -1;

bool turns_direction(char32_t value) {
  return (value >= 0x202a && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069) ||
         value == 0x200e || value == 0x200f || value == 0x061c;
}

/// Characters that are there to be obeyed, not seen: joiners, variation selectors, tags.
bool is_format(char32_t value) {
  return (value >= 0x200b && value <= 0x200d) || (value >= 0x2060 && value <= 0x2064) ||
         (value >= 0xfe00 && value <= 0xfe0f) || (value >= 0xe0000 && value <= 0xe0fff) ||
         value == 0xfeff || value == 0x00ad;
}

/// Columns of one character. The tables are those of the C library, in a locale that every system
/// has and that nobody else sees.
int width_of(char32_t value) {
  if (value < 0x7f) return value < ' ' ? kUnprintable : 1;
  if (value == io::kReplacement) return 1;
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (locale == nullptr) return value < 0xa0 ? kUnprintable : 1;
  const locale_t before = uselocale(locale);
  const int width = wcwidth(static_cast<wchar_t>(value));
  uselocale(before);
  return width;
}

/// Bytes of the longest beginning that takes at most so many columns.
size_t beginning(std::string_view text, size_t columns) {
  size_t used = 0;
  size_t at = 0;
  while (at < text.size()) {
    const io::CodePoint point = io::decode_utf8(text, at);
    used += static_cast<size_t>(std::max(width_of(point.value), 0));
    if (used > columns) break;
    at += point.size;
  }
  return at;
}

std::string blanks(std::string_view text, size_t columns) {
  return std::string(columns - columns_of(text), ' ');
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  int marks = 0;
  for (size_t at = 0; at < text.size();) {
    const io::CodePoint point = io::decode_utf8(text, at);
    at += point.size;
    const char32_t value = io::is_space(point.value) ? U' ' : point.value;
    if (is_format(value)) continue;
    const int width = turns_direction(value) ? kUnprintable : width_of(value);
    marks = width == 0 ? marks + 1 : 0;
    if (marks > kMaxMarks || (marks > 0 && out.empty())) continue;
    io::append_utf8(out, width == kUnprintable ? io::kReplacement : value);
  }
  return out;
}

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const io::CodePoint point = io::decode_utf8(text, at);
    columns += static_cast<size_t>(std::max(width_of(point.value), 0));
    at += point.size;
  }
  return columns;
}

std::string cut(std::string_view text, size_t columns) {
  if (beginning(text, columns) == text.size()) return std::string(text);
  if (columns == 0) return "";
  return std::string(text.substr(0, beginning(text, columns - 1))) + kEllipsis;
}

std::string filled(std::string_view text, size_t columns) {
  const std::string out = cut(text, columns);
  return out + blanks(out, columns);
}

std::string filled_left(std::string_view text, size_t columns) {
  const std::string out = cut(text, columns);
  return blanks(out, columns) + out;
}

std::vector<std::string> wrapped(std::string_view text, size_t columns, size_t max_lines) {
  std::vector<std::string> out;
  while (!text.empty() && out.size() < max_lines) {
    const size_t fits = beginning(text, columns);
    if (fits == text.size() || out.size() + 1 == max_lines) {
      out.push_back(cut(text, columns));
      break;
    }
    const size_t blank = text.rfind(' ', fits);
    const bool at_blank = blank != std::string_view::npos && blank > 0;
    const size_t end = at_blank ? blank : std::max<size_t>(fits, 1);
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(at_blank ? end + 1 : end);
  }
  return out;
}

}  // namespace arno::cli::top

// SPDX-License-Identifier: Apache-2.0
#include "io/utf8.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>

#include "io/detail/unicode_tables.h"

namespace arno::io {
namespace {

constexpr char32_t kLargest = 0x10ffff;

bool is_surrogate(char32_t value) { return value >= 0xd800 && value <= 0xdfff; }

/// Bytes that a first byte announces; 0 for one that cannot start a code point.
size_t announced_size(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

/// The range that holds the value or, if none does, nullptr.
template <class Range>
const Range* find_range(std::span<const Range> table, char32_t value) {
  const auto after =
      std::upper_bound(table.begin(), table.end(), value,
                       [](char32_t left, const Range& right) { return left < right.first; });
  if (after == table.begin()) return nullptr;
  const Range& range = *std::prev(after);
  return value <= range.last ? &range : nullptr;
}

bool contains(std::span<const detail::CodeRange> table, char32_t value) {
  return find_range(table, value) != nullptr;
}

}  // namespace

CodePoint decode_utf8(std::string_view text, size_t offset) {
  const auto byte = [&](size_t index) { return static_cast<uint8_t>(text[offset + index]); };
  const uint8_t first = byte(0);
  const size_t size = announced_size(first);
  if (size == 1) return {.value = first, .size = 1, .valid = true};
  if (size == 0 || size > text.size() - offset) return {};

  char32_t value = first & (0x7fU >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[size] || value > kLargest || is_surrogate(value)) return {};
  return {.value = value, .size = size, .valid = true};
}

void append_utf8(std::string& text, char32_t code_point) {
  if (code_point > kLargest || is_surrogate(code_point)) code_point = kReplacement;
  const auto tail = [&](int shift) {
    text.push_back(static_cast<char>(0x80U | ((code_point >> shift) & 0x3fU)));
  };
  if (code_point < 0x80) {
    text.push_back(static_cast<char>(code_point));
    return;
  }
  if (code_point < 0x800) {
    text.push_back(static_cast<char>(0xc0U | (code_point >> 6)));
  } else {
    if (code_point < 0x10000) {
      text.push_back(static_cast<char>(0xe0U | (code_point >> 12)));
    } else {
      text.push_back(static_cast<char>(0xf0U | (code_point >> 18)));
      tail(12);
    }
    tail(6);
  }
  tail(0);
}

bool is_valid_utf8(std::string_view text) {
  for (size_t offset = 0; offset < text.size();) {
    const CodePoint point = decode_utf8(text, offset);
    if (!point.valid) return false;
    offset += point.size;
  }
  return true;
}

bool is_letter(char32_t code_point) { return contains(detail::kLetters, code_point); }

bool is_number(char32_t code_point) { return contains(detail::kNumbers, code_point); }

bool is_space(char32_t code_point) { return contains(detail::kSpaces, code_point); }

char32_t to_lower(char32_t code_point) {
  if (code_point < 0x80) {
    return code_point >= 'A' && code_point <= 'Z' ? code_point + ('a' - 'A') : code_point;
  }
  const auto* range =
      find_range(std::span<const detail::CaseRange>(detail::kLowerCase), code_point);
  if (range == nullptr || (code_point - range->first) % range->step != 0) return code_point;
  return static_cast<char32_t>(static_cast<int32_t>(code_point) + range->delta);
}

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arno::io {

/// What stands for bytes that are not UTF-8.
inline constexpr char32_t kReplacement = 0xfffd;

/// One code point of a text.
struct CodePoint {
  char32_t value = kReplacement;  ///< kReplacement where the bytes are not UTF-8
  size_t size = 1;                ///< bytes it takes; 1 where they are not UTF-8
  bool valid = false;             ///< whether the bytes are UTF-8
};

/// The code point that starts at byte `offset`; offset < text.size(). Overlong forms, surrogates
/// and values above U+10FFFF are not UTF-8 (RFC 3629).
CodePoint decode_utf8(std::string_view text, size_t offset);

/// Appends the UTF-8 of a code point; kReplacement for a surrogate or a value above U+10FFFF.
void append_utf8(std::string& text, char32_t code_point);

/// Whether the whole text is UTF-8.
bool is_valid_utf8(std::string_view text);

/// Unicode general category L, as `\p{L}` in regular expressions.
bool is_letter(char32_t code_point);
/// Unicode general category N, as `\p{N}`.
bool is_number(char32_t code_point);
/// White space, as Python's str.isspace.
bool is_space(char32_t code_point);
/// The lower-case form where it is one code point (all scripts), else the code point itself.
char32_t to_lower(char32_t code_point);

}  // namespace arno::io

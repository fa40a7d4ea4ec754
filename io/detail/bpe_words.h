// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace arno::io::detail {

inline constexpr std::string_view kStartOfText = "<|startoftext|>";
inline constexpr std::string_view kEndOfText = "<|endoftext|>";
/// What marks the last token of a word in vocabulary files.
inline constexpr std::string_view kEndOfWord = "</w>";

/// Bytes in the order in which byte-level BPE numbers them: printable Latin-1 first.
const std::vector<uint8_t>& bytes_in_order();

/// How vocabulary files write a byte: printable Latin-1 as itself, the others, in order, as U+0100
/// and on.
const std::string& written_byte(uint8_t byte);

/// Splits lower-case text into words as CLIP's tokeniser does, by the pattern
///     <|startoftext|>|<|endoftext|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
/// White space is left out. The views point into `text`.
std::vector<std::string_view> split_words(std::string_view text);

}  // namespace arno::io::detail

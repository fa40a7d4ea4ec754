// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Texts in the columns of a terminal. Wide characters (East Asian, emoji) take two.
namespace arno::cli::top {

/// The text as it may go to a terminal, in one line: white space is a blank; control characters,
/// characters that turn the direction of writing and bytes that are not UTF-8 are U+FFFD; other
/// characters without a width are left out, but for two marks on a letter.
std::string printable(std::string_view text);

/// Columns that a printable text takes.
size_t columns_of(std::string_view text);

/// A printable text in at most so many columns; one that is cut ends in an ellipsis.
std::string cut(std::string_view text, size_t columns);

/// A printable text in exactly so many columns, filled with blanks on the right.
std::string filled(std::string_view text, size_t columns);
/// As `filled`, with the blanks on the left.
std::string filled_left(std::string_view text, size_t columns);

/// A printable text in lines of at most so many columns (at least 1), broken at blanks where there
/// are some; what the last of `max_lines` cannot hold is cut.
std::vector<std::string> wrapped(std::string_view text, size_t columns, size_t max_lines);

}  // namespace arno::cli::top

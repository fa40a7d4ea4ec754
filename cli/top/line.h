// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace arno::cli::top {

/// How a text looks, where the terminal can show it.
enum class Style { plain, dim, bold, good, warn, bad, title };

/// A printable text in one style.
struct Span {
  std::string text;
  Style style = Style::plain;
};

/// A line of the screen.
using Line = std::vector<Span>;

/// The text alone, without blanks at its end.
std::string plain_text(const Line& line);

/// Columns that a line takes.
size_t columns_of(const Line& line);

/// The line in at most so many columns; one that is cut ends in an ellipsis.
Line cut(const Line& line, size_t columns);

/// `count` times a character.
Span repeated(const char* character, size_t count, Style style);

}  // namespace arno::cli::top

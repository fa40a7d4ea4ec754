// SPDX-License-Identifier: Apache-2.0
#include "io/braces.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "common/error.h"

namespace arno::io {
namespace {

constexpr int kMaxNesting = 32;
constexpr std::ptrdiff_t kMaxBraces = 256;
constexpr size_t kMaxDigits = 18;

/// first, first + 1, ..., last, with zeros in front up to `width` digits.
struct Range {
  uint64_t first = 0;
  uint64_t last = 0;
  size_t width = 0;
};

/// A piece of an expression: a literal, a range or choices. Pieces follow one another.
struct Piece {
  std::string literal;
  std::optional<Range> range;
  std::vector<std::vector<Piece>> choices;
};
using Pieces = std::vector<Piece>;

/// The place of the brace that closes the one at `open`.
size_t closing(std::string_view text, size_t open, const std::string& pattern) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
    ARNO_CHECK(depth <= kMaxNesting, Errc::invalid_argument,
               "[shards] \"{}\" is nested deeper than {} levels", pattern, kMaxNesting);
  }
  fail(Errc::invalid_argument, "[shards] \"{}\" has a {{ without its }}", pattern);
}

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    } else {
      depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
    }
  }
  return parts;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// "000..012"; nothing when the text is no range.
std::optional<Range> parse_range(std::string_view text, const std::string& pattern) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const std::string_view low = text.substr(0, dots), high = text.substr(dots + 2);
  if (!is_number(low) || !is_number(high)) return std::nullopt;
  ARNO_CHECK(std::max(low.size(), high.size()) <= kMaxDigits, Errc::invalid_argument,
             "[shards] \"{}\" has a number of more than {} digits", pattern, kMaxDigits);
  Range range;
  std::from_chars(low.data(), low.data() + low.size(), range.first);
  std::from_chars(high.data(), high.data() + high.size(), range.last);
  ARNO_CHECK(range.first <= range.last, Errc::invalid_argument, "[shards] \"{}\" counts backwards",
             pattern);
  const bool zeros = (low.size() > 1 && low[0] == '0') || (high.size() > 1 && high[0] == '0');
  range.width = zeros ? std::max(low.size(), high.size()) : 0;
  return range;
}

Pieces parse(std::string_view text, const std::string& pattern) {
  Pieces out;
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    const size_t close = closing(text, open, pattern);
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    out.push_back({.literal = std::string(text.substr(0, open))});
    Piece piece{.range = parse_range(inside, pattern)};
    if (!piece.range) {
      for (const auto part : split_at_commas(inside)) piece.choices.push_back(parse(part, pattern));
    }
    out.push_back(std::move(piece));
    text.remove_prefix(close + 1);
  }
  out.push_back({.literal = std::string(text)});
  return out;
}

/// How many texts the pieces stand for, or some number above kMaxBraceResults.
uint64_t count(const Pieces& pieces) {
  uint64_t product = 1;
  for (const Piece& piece : pieces) {
    uint64_t sum = piece.range ? piece.range->last - piece.range->first + 1 : 0;
    for (const Pieces& choice : piece.choices) sum += count(choice);
    if (!piece.range && piece.choices.empty()) sum = 1;
    // Both factors are at most kMaxBraceResults + 1: nothing wraps.
    product *= std::min(sum, kMaxBraceResults + 1);
    product = std::min(product, kMaxBraceResults + 1);
  }
  return product;
}

std::vector<std::string> expand(const Pieces& pieces);

std::vector<std::string> expand(const Piece& piece) {
  std::vector<std::string> out;
  if (piece.range) {
    for (uint64_t i = piece.range->first; i <= piece.range->last; ++i) {
      out.push_back(fmt::format("{:0{}}", i, piece.range->width));
    }
  }
  for (const Pieces& choice : piece.choices) {
    for (std::string& text : expand(choice)) out.push_back(std::move(text));
  }
  return out;
}

std::vector<std::string> expand(const Pieces& pieces) {
  std::vector<std::string> out{""};
  for (const Piece& piece : pieces) {
    if (!piece.range && piece.choices.empty()) {
      for (std::string& text : out) text += piece.literal;
      continue;
    }
    const std::vector<std::string> ends = expand(piece);
    std::vector<std::string> longer;
    longer.reserve(out.size() * ends.size());
    for (const std::string& text : out) {
      for (const std::string& end : ends) longer.push_back(text + end);
    }
    out = std::move(longer);
  }
  return out;
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  ARNO_CHECK(std::ranges::count(pattern, '{') <= kMaxBraces, Errc::invalid_argument,
             "[shards] \"{}...\" has more than {} braces", pattern.substr(0, 100), kMaxBraces);
  const Pieces pieces = parse(pattern, pattern);
  ARNO_CHECK(count(pieces) <= kMaxBraceResults, Errc::invalid_argument,
             "[shards] \"{}\" stands for more than {} files", pattern, kMaxBraceResults);
  return expand(pieces);
}

}  // namespace arno::io

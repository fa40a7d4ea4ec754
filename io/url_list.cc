// SPDX-License-Identifier: Apache-2.0
#include "io/url_list.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

#include "common/error.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

constexpr size_t kMaxResults = 10'000'000;
constexpr int kMaxNesting = 32;
// Each costs a call of expand.
constexpr std::ptrdiff_t kMaxBraces = 256;
constexpr size_t kMaxWidth = 32;
constexpr size_t kMaxListFile = size_t{1} << 28;

void check_count(size_t count, const std::string& pattern) {
  ARNO_CHECK(count <= kMaxResults, Errc::invalid_argument,
             "[shards] \"{}\" stands for more than {} files", pattern, kMaxResults);
}

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

std::optional<int64_t> parse_index(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

/// "000..012" -> 000, 001, ..., 012; nothing when the text is no range.
std::optional<std::vector<std::string>> expand_range(std::string_view text,
                                                     const std::string& pattern) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const std::string_view low = text.substr(0, dots), high = text.substr(dots + 2);
  const auto first = parse_index(low), last = parse_index(high);
  if (!first || !last) return std::nullopt;
  ARNO_CHECK(*first <= *last, Errc::invalid_argument, "[shards] \"{}\" counts backwards", pattern);
  check_count(static_cast<size_t>(*last - *first), pattern);
  ARNO_CHECK(std::max(low.size(), high.size()) <= kMaxWidth, Errc::invalid_argument,
             "[shards] \"{}\" has a number of more than {} digits", pattern, kMaxWidth);
  const bool zeros = (low.size() > 1 && low[0] == '0') || (high.size() > 1 && high[0] == '0');
  const size_t width = zeros ? std::max(low.size(), high.size()) : 0;
  std::vector<std::string> out;
  for (int64_t i = *first; i <= *last; ++i) out.push_back(fmt::format("{:0{}}", i, width));
  return out;
}

std::vector<std::string> expand(std::string_view text, const std::string& pattern) {
  const size_t open = text.find('{');
  if (open == std::string_view::npos) return {std::string(text)};
  const size_t close = closing(text, open, pattern);
  const std::string_view inside = text.substr(open + 1, close - open - 1);
  std::vector<std::string> choices;
  if (auto range = expand_range(inside, pattern)) {
    choices = std::move(*range);
  } else {
    for (const std::string_view part : split_at_commas(inside)) {
      for (std::string& choice : expand(part, pattern)) choices.push_back(std::move(choice));
      check_count(choices.size(), pattern);
    }
  }
  const std::vector<std::string> tails = expand(text.substr(close + 1), pattern);
  check_count(choices.size() * tails.size(), pattern);
  std::vector<std::string> out;
  for (const std::string& choice : choices) {
    for (const std::string& tail : tails) {
      out.push_back(std::string(text.substr(0, open)) + choice + tail);
    }
  }
  return out;
}

std::vector<std::string> split_at_double_colons(const std::string& text) {
  std::vector<std::string> out;
  size_t start = 0;
  for (size_t end = 0; end != std::string::npos; start = end + 2) {
    end = text.find("::", start);
    out.push_back(text.substr(start, end - start));
  }
  return out;
}

/// Whether a name fits a pattern in which * stands for any characters.
bool matches(std::string_view name, std::string_view pattern) {
  size_t n = 0, p = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++n, ++p;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// The files in a folder whose names fit a pattern, by name.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder,
                                               const std::string& pattern) {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (matches(name, pattern) && !name.ends_with(".arnoidx")) out.push_back(entry->path());
  }
  ARNO_CHECK(!error, Errc::io_failed, "[shards] reading the folder '{}': {}", folder.string(),
             error.message());
  ARNO_CHECK(!out.empty(), Errc::io_failed, "[shards] the folder '{}' has no file '{}'",
             folder.string(), pattern);
  std::ranges::sort(out);
  return out;
}

void add_path(std::string url, std::vector<std::filesystem::path>& out) {
  for (const char* scheme : {"pipe:", "http://", "https://", "s3://", "hf://"}) {
    ARNO_CHECK(!url.starts_with(scheme), Errc::unsupported,
               "[shards] \"{}\": {} is not supported, expected a local path", url, scheme);
  }
  if (url.starts_with("file://")) {
    url.erase(0, 7);
  } else if (url.starts_with("file:")) {
    url.erase(0, 5);
  }
  std::error_code error;
  if (std::filesystem::is_directory(url, error)) {
    const auto inside = list_folder(url, "*.tar");
    out.insert(out.end(), inside.begin(), inside.end());
    return;
  }
  const std::filesystem::path path(url);
  if (path.filename().string().find('*') != std::string::npos) {
    const auto folder = path.has_parent_path() ? path.parent_path() : ".";
    const auto found = list_folder(folder, path.filename().string());
    out.insert(out.end(), found.begin(), found.end());
    return;
  }
  ARNO_CHECK(std::filesystem::exists(url, error), Errc::io_failed, "[shards] \"{}\" does not exist",
             url);
  out.emplace_back(url);
}

void add_pattern(const std::string& pattern, std::vector<std::filesystem::path>& out) {
  for (std::string& url : expand_braces(pattern)) add_path(std::move(url), out);
}

/// The patterns of a list file, one a line.
std::vector<std::string> read_list(const std::string& path) {
  std::istringstream lines(read_file(path, kMaxListFile));
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    ARNO_CHECK(!line.starts_with('@'), Errc::invalid_argument,
               "[shards] '{}': a list names the list \"{}\", expected files", path, line);
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  ARNO_CHECK(std::ranges::count(pattern, '{') <= kMaxBraces, Errc::invalid_argument,
             "[shards] \"{}...\" has more than {} braces", pattern.substr(0, 100), kMaxBraces);
  return expand(pattern, pattern);
}

std::vector<std::filesystem::path> expand_urls(const std::vector<std::string>& patterns) {
  std::vector<std::filesystem::path> out;
  for (const std::string& pattern : patterns) {
    for (const std::string& part : split_at_double_colons(pattern)) {
      if (part.starts_with('@')) {
        for (const std::string& line : read_list(part.substr(1))) add_pattern(line, out);
      } else {
        add_pattern(part, out);
      }
      check_count(out.size(), pattern);
    }
  }
  return out;
}

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "io/url_list.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "common/error.h"
#include "io/braces.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

constexpr size_t kMaxListFile = size_t{1} << 28;

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

std::vector<std::filesystem::path> expand_urls(const std::vector<std::string>& patterns) {
  std::vector<std::filesystem::path> out;
  for (const std::string& pattern : patterns) {
    for (const std::string& part : split_at_double_colons(pattern)) {
      if (part.starts_with('@')) {
        for (const std::string& line : read_list(part.substr(1))) add_pattern(line, out);
      } else {
        add_pattern(part, out);
      }
      ARNO_CHECK(out.size() <= kMaxBraceResults, Errc::invalid_argument,
                 "[shards] \"{}\" stands for more than {} files", pattern, kMaxBraceResults);
    }
  }
  return out;
}

}  // namespace arno::io

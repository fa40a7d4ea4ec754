// SPDX-License-Identifier: Apache-2.0
#include "common/config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>

#include "common/detail/config_node.h"
#include "common/error.h"

namespace arno {
namespace {

constexpr size_t kMaxNesting = 64;

/// Levenshtein distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

/// yaml-cpp recurses by nesting; a hostile file must not overflow the stack.
void check_nesting(std::string_view text, const std::string& file) {
  size_t flow = 0;
  size_t line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++flow;
    if ((c == ']' || c == '}') && flow > 0) --flow;
    ARNO_CHECK(flow <= kMaxNesting, Errc::config_invalid, "{}:{}: nested deeper than {} levels",
               file, line, kMaxNesting);
  }
  std::istringstream lines{std::string(text)};
  std::string content;
  for (line = 1; std::getline(lines, content); ++line) {
    const size_t indicators = std::min(content.find_first_not_of(" -?\t"), content.size());
    ARNO_CHECK(indicators <= 4 * kMaxNesting, Errc::config_invalid,
               "{}:{}: nested deeper than {} levels", file, line, kMaxNesting);
  }
}

}  // namespace

std::string detail::describe(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return "nothing";
  if (node.IsSequence()) return fmt::format("a list of {} items", node.size());
  if (node.IsMap()) return fmt::format("a map of {} keys", node.size());
  return fmt::format("\"{}\"", node.Scalar().substr(0, 80));
}

std::string ConfigProblem::to_string() const {
  std::string out = line > 0 ? fmt::format("{}:{}: ", file, line) : fmt::format("{}: ", file);
  if (!key.empty()) out += key + ": ";
  return out + text;
}

void throw_if_any(const ConfigProblems& problems) {
  if (problems.empty()) return;
  ConfigProblems sorted = problems;
  std::ranges::stable_sort(sorted, {}, &ConfigProblem::line);
  std::string all;
  for (const ConfigProblem& problem : sorted) {
    if (!all.empty()) all += '\n';
    all += problem.to_string();
  }
  throw Error(Errc::config_invalid, all);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  const std::string* closest = nullptr;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      closest = &candidate;
    }
  }
  return closest ? fmt::format(" (did you mean \"{}\"?)", *closest) : "";
}

RawConfig::RawConfig()
    : node_(std::make_shared<Node>(Node{YAML::Node(YAML::NodeType::Map), "<empty>", ""})) {}

RawConfig RawConfig::from_file(const std::filesystem::path& path) {
  std::error_code unknown;
  ARNO_CHECK(!std::filesystem::is_directory(path, unknown), Errc::config_invalid,
             "{}: is a folder, expected a YAML file", path.string());
  std::ifstream in(path, std::ios::binary);
  ARNO_CHECK(in, Errc::config_invalid, "{}: cannot be opened: {}", path.string(),
             std::strerror(errno));
  std::ostringstream text;
  // Copying nothing counts as a failure of the copy.
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  ARNO_CHECK(!in.bad() && !text.fail(), Errc::config_invalid, "{}: cannot be read", path.string());
  return from_text(text.str(), path.string());
}

RawConfig RawConfig::from_text(std::string_view text, std::string file) {
  check_nesting(text, file);
  try {
    YAML::Node root = YAML::Load(std::string(text));
    ARNO_CHECK(root.IsMap(), Errc::config_invalid, "{}:1: found {}, expected a map", file,
               detail::describe(root));
    return RawConfig(std::make_shared<Node>(Node{root, std::move(file), ""}));
  } catch (const YAML::Exception& error) {
    fail(Errc::config_invalid, "{}:{}: {}", file, error.mark.line + 1, error.msg);
  }
}

RawConfig RawConfig::nothing(std::string source) {
  return RawConfig(
      std::make_shared<Node>(Node{YAML::Node(YAML::NodeType::Map), std::move(source), ""}));
}

bool RawConfig::empty() const { return !node_->yaml.IsDefined() || node_->yaml.size() == 0; }

ConfigProblem RawConfig::problem(std::string text, std::string_view key) const {
  return {node_->file, node_->line(), key.empty() ? node_->path : node_->child_path(key),
          std::move(text)};
}

ConfigProblem RawConfig::problem_at(std::string_view path, std::string text) const {
  std::vector<YAML::Node> found{node_->yaml};
  int line = node_->line();
  std::string key;
  const auto descend = [&] {
    const YAML::Node& here = found.back();
    if (key.empty() || !here.IsDefined()) return;
    const bool index = here.IsSequence() && std::ranges::all_of(key, ::isdigit);
    if (index && std::stoul(key) < here.size()) {
      found.push_back(here[std::stoul(key)]);
    } else if (here.IsMap() && here[key].IsDefined()) {
      found.push_back(here[key]);
    } else {
      return;
    }
    if (!found.back().Mark().is_null()) line = found.back().Mark().line + 1;
  };
  for (const char c : path) {
    if (c != '.' && c != '[' && c != ']') {
      key += c;
      continue;
    }
    descend();
    key.clear();
  }
  descend();
  return {node_->file, line, node_->child_path(path), std::move(text)};
}

}  // namespace arno

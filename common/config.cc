// SPDX-License-Identifier: Apache-2.0
#include "common/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

#include "common/error.h"

namespace arno {

/// A YAML node with the place it stands at.
struct RawConfig::Node {
  YAML::Node yaml;
  std::string file;
  std::string path;

  int line() const { return yaml.Mark().is_null() ? 0 : yaml.Mark().line + 1; }
  std::string child_path(std::string_view key) const {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }
};

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

std::string describe(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return "nothing";
  if (node.IsSequence()) return fmt::format("a list of {} items", node.size());
  if (node.IsMap()) return fmt::format("a map of {} keys", node.size());
  return fmt::format("\"{}\"", node.Scalar().substr(0, 80));
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

class Reader final : public ConfigFields {
 public:
  Reader(const std::shared_ptr<const RawConfig::Node>& root, ConfigProblems& problems)
      : problems_(problems) {
    open(*root);
  }

  void boolean(std::string_view key, bool& value, BoolField field) override {
    scalar(key, field.required, "true or false", [&](const std::string& text) {
      if (text != "true" && text != "false") return false;
      value = text == "true";
      return true;
    });
  }

  void integer(std::string_view key, int64_t& value, IntegerField field) override {
    scalar(key, field.required, integer_range(field), [&](const std::string& text) {
      int64_t parsed = 0;
      if (!parse_integer(text, parsed) || parsed < field.min || parsed > field.max) return false;
      value = parsed;
      return true;
    });
  }

  void number(std::string_view key, double& value, NumberField field) override {
    scalar(key, field.required, number_range(field), [&](const std::string& text) {
      double parsed = 0;
      const char* end = text.data() + text.size();
      const auto result = std::from_chars(text.data(), end, parsed);
      if (result.ec != std::errc() || result.ptr != end) return false;
      if (!(parsed >= field.min && parsed <= field.max)) return false;
      value = parsed;
      return true;
    });
  }

  void text(std::string_view key, std::string& value, TextField field) override {
    const std::string expected =
        field.one_of.empty() ? "a text" : fmt::format("one of {}", fmt::join(field.one_of, ", "));
    std::string hint;
    const YAML::Node node = find(key);
    if (!field.one_of.empty() && node.IsDefined() && node.IsScalar()) {
      hint = did_you_mean(node.Scalar(), field.one_of);
    }
    scalar(key, field.required, expected + hint, [&](const std::string& found) {
      if (!field.one_of.empty() && std::ranges::find(field.one_of, found) == field.one_of.end()) {
        return false;
      }
      value = found;
      return true;
    });
  }

  void texts(std::string_view key, std::vector<std::string>& value, ListField field) override {
    scalars(key, value, field.required, "a text", [](const std::string& text, std::string& out) {
      out = text;
      return true;
    });
  }

  void integers(std::string_view key, std::vector<int64_t>& value, ListField field) override {
    scalars(key, value, field.required, "an integer", parse_integer);
  }

  void counts(std::string_view key, std::map<std::string, int64_t>& value,
              ListField field) override {
    const YAML::Node node = take(key, field.required, "a map of whole numbers");
    if (!node.IsDefined() || node.IsNull()) return;
    value.clear();
    // Opened as any map, so that a list or a name given twice is reported.
    open({node, top().node.file, top().node.child_path(key)});
    const YAML::Node map = top().node.yaml;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) continue;
      const std::string name = entry.first.Scalar();
      integer(name, value[name], {.doc = "", .min = 0});
    }
    close();
  }

  void raw(std::string_view key, RawConfig& value, ListField field) override {
    const YAML::Node node = take(key, field.required, "a map");
    const bool present = node.IsDefined() && !node.IsNull();
    value = RawConfig(std::make_shared<RawConfig::Node>(
        RawConfig::Node{present ? node : YAML::Node(YAML::NodeType::Map), top().node.file,
                        top().node.child_path(key)}));
  }

  void require(bool condition, std::string_view key, std::string text) override {
    if (!condition) report(find(key), key, std::move(text));
  }

  void finish() {
    while (!levels_.empty()) close();
  }

 protected:
  bool begin_group(std::string_view key, ListField field) override {
    const YAML::Node node = take(key, field.required, "a map");
    if (!node.IsDefined() || node.IsNull()) return false;
    open({node, top().node.file, top().node.child_path(key)});
    return true;
  }
  void end_group() override { close(); }

  size_t begin_list(std::string_view key, size_t size, ListField field) override {
    const YAML::Node node = take(key, field.required, "a list");
    const bool present = node.IsDefined() && !node.IsNull();
    if (present && !node.IsSequence()) {
      report(node, key, fmt::format("found {}, expected a list", describe(node)));
    }
    // Without a list the defaults stay: every item is then read from an empty map.
    YAML::Node empty(YAML::NodeType::Sequence);
    for (size_t i = 0; !present && i < size; ++i) empty.push_back(YAML::Node(YAML::NodeType::Map));
    lists_.push_back(
        {present && node.IsSequence() ? node : empty, top().node.file, top().node.child_path(key)});
    return lists_.back().yaml.size();
  }
  void begin_item(size_t index) override {
    const RawConfig::Node& list = lists_.back();
    open({list.yaml[index], list.file, fmt::format("{}[{}]", list.path, index)});
  }
  void end_list() override { lists_.pop_back(); }

  std::vector<std::string> begin_map(std::string_view key, std::vector<std::string> names,
                                     ListField field) override {
    const YAML::Node node = take(key, field.required, "a map");
    const bool present = node.IsDefined() && !node.IsNull();
    if (present && !node.IsMap()) {
      report(node, key, fmt::format("found {}, expected a map", describe(node)));
    }
    const YAML::Node map = present && node.IsMap() ? node : YAML::Node(YAML::NodeType::Map);
    if (present) names.clear();
    for (const auto& entry : map) {
      if (entry.first.IsScalar()) names.push_back(entry.first.Scalar());
    }
    lists_.push_back({map, top().node.file, top().node.child_path(key)});
    return names;
  }
  void begin_entry(std::string_view name) override {
    const RawConfig::Node& map = lists_.back();
    const YAML::Node entry = map.yaml[std::string(name)];
    open({entry.IsDefined() ? entry : YAML::Node(YAML::NodeType::Map), map.file,
          map.child_path(name)});
  }

 private:
  struct Level {
    RawConfig::Node node;
    std::vector<std::string> asked;
  };

  static bool parse_integer(const std::string& text, int64_t& out) {
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, out);
    return !text.empty() && result.ec == std::errc() && result.ptr == end;
  }

  static std::string integer_range(const IntegerField& field) {
    const bool low = field.min != std::numeric_limits<int64_t>::min();
    const bool high = field.max != std::numeric_limits<int64_t>::max();
    if (low && high) return fmt::format("an integer from {} to {}", field.min, field.max);
    if (low) return fmt::format("an integer >= {}", field.min);
    if (high) return fmt::format("an integer <= {}", field.max);
    return "an integer";
  }

  static std::string number_range(const NumberField& field) {
    const bool low = std::isfinite(field.min);
    const bool high = std::isfinite(field.max);
    if (low && high) return fmt::format("a number from {} to {}", field.min, field.max);
    if (low) return fmt::format("a number >= {}", field.min);
    if (high) return fmt::format("a number <= {}", field.max);
    return "a number";
  }

  Level& top() { return levels_.back(); }

  void open(const RawConfig::Node& node) {
    if (node.yaml.IsMap()) {
      check_duplicates(node);
      levels_.push_back({node, {}});
      return;
    }
    if (!node.yaml.IsNull()) {
      problems_.push_back({node.file, node.line(), node.path,
                           fmt::format("found {}, expected a map", describe(node.yaml))});
    }
    levels_.push_back({{YAML::Node(YAML::NodeType::Map), node.file, node.path}, {}});
  }

  void check_duplicates(const RawConfig::Node& node) {
    std::set<std::string> seen;
    for (const auto& entry : node.yaml) {
      if (!entry.first.IsScalar() || seen.insert(entry.first.Scalar()).second) continue;
      problems_.push_back({node.file, entry.first.Mark().line + 1,
                           node.child_path(entry.first.Scalar()), "given twice, expected once"});
    }
  }

  void close() {
    const Level& level = top();
    for (const auto& entry : level.node.yaml) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "<not a text>";
      if (std::ranges::find(level.asked, key) != level.asked.end()) continue;
      problems_.push_back(
          {level.node.file, entry.first.Mark().line + 1, level.node.child_path(key),
           fmt::format(
               "unknown key{}; allowed: {}", did_you_mean(key, level.asked),
               level.asked.empty() ? "none" : fmt::format("{}", fmt::join(level.asked, ", ")))});
    }
    levels_.pop_back();
  }

  YAML::Node find(std::string_view key) {
    const YAML::Node& map = top().node.yaml;
    if (!map.IsDefined() || !map.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    return map[std::string(key)];
  }

  YAML::Node take(std::string_view key, bool required, std::string_view expected) {
    if (std::ranges::find(top().asked, key) == top().asked.end()) top().asked.emplace_back(key);
    const YAML::Node node = find(key);
    if (required && (!node.IsDefined() || node.IsNull())) {
      report(node, key, fmt::format("missing, expected {}", expected));
    }
    return node;
  }

  void report(const YAML::Node& node, std::string_view key, std::string text) {
    const RawConfig::Node& parent = top().node;
    const bool placed = node.IsDefined() && !node.Mark().is_null();
    problems_.push_back({parent.file, placed ? node.Mark().line + 1 : parent.line(),
                         parent.child_path(key), std::move(text)});
  }

  template <class Parse>
  void scalar(std::string_view key, bool required, const std::string& expected, Parse parse) {
    const YAML::Node node = take(key, required, expected);
    if (!node.IsDefined() || (required && node.IsNull())) return;
    if (node.IsScalar() && parse(node.Scalar())) return;
    report(node, key, fmt::format("found {}, expected {}", describe(node), expected));
  }

  template <class T, class Parse>
  void scalars(std::string_view key, std::vector<T>& value, bool required, std::string_view item,
               Parse parse) {
    const YAML::Node node = take(key, required, fmt::format("a list, each {}", item));
    if (!node.IsDefined() || (required && node.IsNull())) return;
    std::vector<T> parsed;
    bool good = node.IsSequence() || node.IsScalar();
    // One scalar stands for a list of one.
    for (size_t i = 0; good && i < (node.IsScalar() ? 1 : node.size()); ++i) {
      const YAML::Node element = node.IsScalar() ? node : node[i];
      good = element.IsScalar() && parse(element.Scalar(), parsed.emplace_back());
      if (!good) {
        report(element, fmt::format("{}[{}]", key, i),
               fmt::format("found {}, expected {}", describe(element), item));
        return;
      }
    }
    if (good) {
      value = std::move(parsed);
    } else {
      report(node, key, fmt::format("found {}, expected a list, each {}", describe(node), item));
    }
  }

  ConfigProblems& problems_;
  std::vector<Level> levels_;
  std::vector<RawConfig::Node> lists_;
};

}  // namespace

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
               describe(root));
    return RawConfig(std::make_shared<Node>(Node{root, std::move(file), ""}));
  } catch (const YAML::Exception& error) {
    fail(Errc::config_invalid, "{}:{}: {}", file, error.mark.line + 1, error.msg);
  }
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

std::unique_ptr<ConfigFields> make_config_reader(std::shared_ptr<const RawConfig::Node> node,
                                                 ConfigProblems& problems) {
  return std::make_unique<Reader>(std::move(node), problems);
}

void finish_config_reader(ConfigFields& reader) { dynamic_cast<Reader&>(reader).finish(); }

}  // namespace arno

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "common/config.h"
#include "common/detail/config_node.h"

namespace arno {

namespace {

using detail::describe;

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
      const bool is_default = !field.required && found == value;
      const bool is_any = field.one_of.empty();
      if (!is_default && !is_any && std::ranges::find(field.one_of, found) == field.one_of.end()) {
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

std::unique_ptr<ConfigFields> make_config_reader(std::shared_ptr<const RawConfig::Node> node,
                                                 ConfigProblems& problems) {
  return std::make_unique<Reader>(std::move(node), problems);
}

void finish_config_reader(ConfigFields& reader) { dynamic_cast<Reader&>(reader).finish(); }

}  // namespace arno

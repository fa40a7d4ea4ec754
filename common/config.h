// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A config struct names its fields once, in a member function
//
//   struct DecoderConfig {
//     int64_t max_side = 16384;
//     void fields(ConfigFields& f) {
//       f.integer("max_side", max_side, {.doc = "longest side in pixels", .min = 1});
//     }
//   };
//
// and that one declaration reads it from YAML, prints it with every default filled in, and
// documents it.
namespace arno {

/// One thing that is wrong in a configuration file.
struct ConfigProblem {
  std::string file;
  int line = 0;      ///< from 1; 0 when there is no single line
  std::string key;   ///< dotted path, "actors.decode.options.max_side"
  std::string text;  ///< what was found and what is allowed

  /// "job.yaml:12: actors.decode.options.max_side: found -1, expected an integer >= 1"
  std::string to_string() const;
};

using ConfigProblems = std::vector<ConfigProblem>;

/// Throws config_invalid with all problems, one a line, in the order of their lines, unless there
/// are none.
void throw_if_any(const ConfigProblems& problems);

/// " (did you mean \"max_side\"?)", or nothing when no candidate is close to the word.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// A part of a YAML file that is read later, by somebody who knows its fields.
class RawConfig {
 public:
  RawConfig();
  struct Node;
  explicit RawConfig(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

  /// Reads a file or a text. Throws config_invalid, with the reason why the file cannot be read or
  /// the line of a syntax error.
  static RawConfig from_file(const std::filesystem::path& path);
  static RawConfig from_text(std::string_view text, std::string file = "<text>");
  /// No keys. Problems are told of `source`, which has no lines.
  static RawConfig nothing(std::string source);

  /// Fills `config`, appends what is wrong to `problems`.
  template <class Config>
  void read(Config& config, ConfigProblems& problems) const;

  /// Whether there is nothing here.
  bool empty() const;

  /// A problem at this place (or at a key below it).
  ConfigProblem problem(std::string text, std::string_view key = {}) const;
  /// A problem at a dotted path below this place, "actors.decode.kind" or "edges[2].from"; the
  /// line is that of the deepest part of the path that exists.
  ConfigProblem problem_at(std::string_view path, std::string text) const;

 private:
  std::shared_ptr<const Node> node_;
};

struct BoolField {
  std::string_view doc;
  bool required = false;
};
struct IntegerField {
  std::string_view doc;
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  bool required = false;
};
struct NumberField {
  std::string_view doc;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool required = false;
};
struct TextField {
  std::string_view doc;
  std::vector<std::string> one_of = {};  ///< allowed besides the default; empty: any
  bool required = false;
};
struct ListField {
  std::string_view doc;
  bool required = false;
};

/// What a config struct tells its fields to: a reader, a writer or a documenter.
class ConfigFields {
 public:
  virtual ~ConfigFields() = default;

  virtual void boolean(std::string_view key, bool& value, BoolField field) = 0;
  virtual void integer(std::string_view key, int64_t& value, IntegerField field) = 0;
  virtual void number(std::string_view key, double& value, NumberField field) = 0;
  virtual void text(std::string_view key, std::string& value, TextField field) = 0;
  virtual void texts(std::string_view key, std::vector<std::string>& value, ListField field) = 0;
  virtual void integers(std::string_view key, std::vector<int64_t>& value, ListField field) = 0;
  /// Whole numbers >= 0 by name.
  virtual void counts(std::string_view key, std::map<std::string, int64_t>& value,
                      ListField field) = 0;
  virtual void raw(std::string_view key, RawConfig& value, ListField field) = 0;

  /// A problem that concerns several fields, or one (`key`), found after reading.
  virtual void require(bool condition, std::string_view key, std::string text) = 0;

  /// A nested struct.
  template <class Config>
  void group(std::string_view key, Config& value, ListField field) {
    if (!begin_group(key, field)) return;
    value.fields(*this);
    end_group();
  }

  /// A nested struct that may be left out.
  template <class Config>
  void optional_group(std::string_view key, std::optional<Config>& value, ListField field) {
    if ((!value && !shows_absent()) || !begin_group(key, field)) return;
    if (!value) value.emplace();
    value->fields(*this);
    end_group();
  }

  /// A list of structs.
  template <class Config>
  void list(std::string_view key, std::vector<Config>& value, ListField field) {
    const size_t size = begin_list(key, value.size(), field);
    value.resize(size);
    for (size_t i = 0; i < size; ++i) {
      begin_item(i);
      value[i].fields(*this);
      end_group();
    }
    end_list();
  }

  /// Structs by name, in the order of the names.
  template <class Config>
  void map(std::string_view key, std::map<std::string, Config>& value, ListField field) {
    std::vector<std::string> names;
    for (const auto& entry : value) names.push_back(entry.first);
    names = begin_map(key, std::move(names), field);
    for (const std::string& name : names) {
      begin_entry(name);
      value[name].fields(*this);
      end_group();
    }
    end_list();
  }

 protected:
  virtual bool begin_group(std::string_view key, ListField field) = 0;
  virtual void end_group() = 0;
  /// Whether an optional group that is not there is of interest.
  virtual bool shows_absent() const { return true; }
  virtual size_t begin_list(std::string_view key, size_t size, ListField field) = 0;
  virtual void begin_item(size_t index) = 0;
  virtual void end_list() = 0;
  virtual std::vector<std::string> begin_map(std::string_view key, std::vector<std::string> names,
                                             ListField field) = 0;
  virtual void begin_entry(std::string_view name) = 0;
};

/// Fills a struct from YAML.
std::unique_ptr<ConfigFields> make_config_reader(std::shared_ptr<const RawConfig::Node> node,
                                                 ConfigProblems& problems);
/// Closes what make_config_reader opened: reports unknown keys of the outermost map.
void finish_config_reader(ConfigFields& reader);

/// Appends a struct as YAML, every field on a line, indented by `indent` spaces.
std::unique_ptr<ConfigFields> make_config_writer(std::string& out, int indent = 0);

/// Appends a Markdown table of the fields: key, type, default, meaning.
std::unique_ptr<ConfigFields> make_config_documenter(std::string& out);

template <class Config>
void RawConfig::read(Config& config, ConfigProblems& problems) const {
  const auto reader = make_config_reader(node_, problems);
  config.fields(*reader);
  finish_config_reader(*reader);
}

/// The struct as YAML.
template <class Config>
std::string to_yaml(Config config, int indent = 0) {
  std::string out;
  config.fields(*make_config_writer(out, indent));
  return out;
}

/// The table of the struct's fields in Markdown.
template <class Config>
std::string to_markdown(Config config = {}) {
  std::string out;
  config.fields(*make_config_documenter(out));
  return out;
}

}  // namespace arno

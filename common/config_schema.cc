// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "common/config.h"

// The writer and the documenter: what a config struct says of itself.
namespace arno {
namespace {

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

/// Quotes what YAML would not read back as the same text.
std::string quote(const std::string& text) {
  static constexpr std::array<std::string_view, 5> kWords{"true", "false", "null", "Null", "NULL"};
  const bool plain = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) &&
                     text.find_first_of(":#\"'\\{}[],&*!|>%@`") == std::string::npos &&
                     std::ranges::none_of(text, is_control) && text.back() != ' ' &&
                     std::ranges::find(kWords, text) == kWords.end();
  if (plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (is_control(c)) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string list_of(const std::vector<std::string>& values) {
  std::string out = "[";
  for (size_t i = 0; i < values.size(); ++i) out += (i ? ", " : "") + quote(values[i]);
  return out + "]";
}

std::string map_of(const std::map<std::string, int64_t>& values) {
  std::string out;
  for (const auto& [name, value] : values) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", quote(name), value);
  }
  return "{" + out + "}";
}

/// Prints `key: value` lines. The stack holds the column of each open struct's keys.
class Writer final : public ConfigFields {
 public:
  Writer(std::string& out, int indent) : out_(out), columns_{indent} {}

  void boolean(std::string_view key, bool& value, BoolField) override {
    line(key, value ? " true" : " false");
  }
  void integer(std::string_view key, int64_t& value, IntegerField) override {
    line(key, fmt::format(" {}", value));
  }
  void number(std::string_view key, double& value, NumberField) override {
    line(key, fmt::format(" {}", value));
  }
  void text(std::string_view key, std::string& value, TextField) override {
    line(key, " " + quote(value));
  }
  void texts(std::string_view key, std::vector<std::string>& value, ListField) override {
    line(key, " " + list_of(value));
  }
  void integers(std::string_view key, std::vector<int64_t>& value, ListField) override {
    line(key, fmt::format(" [{}]", fmt::join(value, ", ")));
  }
  void counts(std::string_view key, std::map<std::string, int64_t>& value, ListField) override {
    line(key, " " + map_of(value));
  }
  void raw(std::string_view, RawConfig&, ListField) override {}
  void require(bool, std::string_view, std::string) override {}

 protected:
  bool begin_group(std::string_view key, ListField) override {
    line(key, "");
    columns_.push_back(columns_.back() + 2);
    return true;
  }
  void end_group() override { columns_.pop_back(); }
  bool shows_absent() const override { return false; }
  size_t begin_list(std::string_view key, size_t size, ListField) override {
    line(key, size == 0 ? " []" : "");
    return size;
  }
  void begin_item(size_t) override {
    out_.append(columns_.back() + 2, ' ');
    out_ += "- ";
    columns_.push_back(columns_.back() + 4);
    on_started_line_ = true;
  }
  void end_list() override {}
  std::vector<std::string> begin_map(std::string_view key, std::vector<std::string> names,
                                     ListField) override {
    line(key, names.empty() ? " {}" : "");
    return names;
  }
  void begin_entry(std::string_view name) override {
    out_.append(columns_.back() + 2, ' ');
    out_ += fmt::format("{}:\n", quote(std::string(name)));
    columns_.push_back(columns_.back() + 4);
  }

 private:
  void line(std::string_view key, std::string_view value) {
    if (!on_started_line_) out_.append(columns_.back(), ' ');
    on_started_line_ = false;
    out_ += fmt::format("{}:{}\n", key, value);
  }

  std::string& out_;
  std::vector<int> columns_;
  bool on_started_line_ = false;
};

/// Prints one table row for each field; nested fields carry the path of their struct.
class Documenter final : public ConfigFields {
 public:
  explicit Documenter(std::string& out) : out_(out) {
    out_ += "| key | type | default | meaning |\n|---|---|---|---|\n";
  }

  void boolean(std::string_view key, bool& value, BoolField field) override {
    row(key, "true or false", default_of(field.required, value ? "true" : "false"), field.doc);
  }
  void integer(std::string_view key, int64_t& value, IntegerField field) override {
    row(key, "integer", default_of(field.required, fmt::format("{}", value)), field.doc);
  }
  void number(std::string_view key, double& value, NumberField field) override {
    row(key, "number", default_of(field.required, fmt::format("{}", value)), field.doc);
  }
  void text(std::string_view key, std::string& value, TextField field) override {
    const std::string type =
        field.one_of.empty() ? "text" : fmt::format("one of {}", fmt::join(field.one_of, ", "));
    row(key, type, default_of(field.required, quote(value)), field.doc);
  }
  void texts(std::string_view key, std::vector<std::string>& value, ListField field) override {
    row(key, "list of texts", default_of(field.required, list_of(value)), field.doc);
  }
  void integers(std::string_view key, std::vector<int64_t>& value, ListField field) override {
    row(key, "list of integers",
        default_of(field.required, fmt::format("[{}]", fmt::join(value, ", "))), field.doc);
  }
  void counts(std::string_view key, std::map<std::string, int64_t>& value,
              ListField field) override {
    row(key, "map of integers", default_of(field.required, map_of(value)), field.doc);
  }
  void raw(std::string_view key, RawConfig&, ListField field) override {
    row(key, "map", default_of(field.required, ""), field.doc);
  }
  void require(bool, std::string_view, std::string) override {}

 protected:
  bool begin_group(std::string_view key, ListField field) override {
    row(key, "map", default_of(field.required, ""), field.doc);
    prefixes_.push_back(fmt::format("{}{}.", prefixes_.back(), key));
    return true;
  }
  void end_group() override { prefixes_.pop_back(); }
  size_t begin_list(std::string_view key, size_t, ListField field) override {
    row(key, "list of maps", default_of(field.required, "[]"), field.doc);
    container_ = fmt::format("{}{}[].", prefixes_.back(), key);
    return 1;
  }
  void begin_item(size_t) override { prefixes_.push_back(container_); }
  void end_list() override {}
  std::vector<std::string> begin_map(std::string_view key, std::vector<std::string>,
                                     ListField field) override {
    row(key, "map of maps", default_of(field.required, "{}"), field.doc);
    container_ = fmt::format("{}{}.NAME.", prefixes_.back(), key);
    return {"NAME"};
  }
  void begin_entry(std::string_view) override { prefixes_.push_back(container_); }

 private:
  static std::string default_of(bool required, std::string value) {
    return required ? "required" : std::move(value);
  }
  void row(std::string_view key, std::string_view type, std::string_view value,
           std::string_view doc) {
    out_ += fmt::format("| `{}{}` | {} | {} | {} |\n", prefixes_.back(), key, type,
                        value.empty() ? std::string() : fmt::format("`{}`", value), doc);
  }

  std::string& out_;
  std::vector<std::string> prefixes_{""};
  std::string container_;
};

}  // namespace

std::unique_ptr<ConfigFields> make_config_writer(std::string& out, int indent) {
  return std::make_unique<Writer>(out, indent);
}

std::unique_ptr<ConfigFields> make_config_documenter(std::string& out) {
  return std::make_unique<Documenter>(out);
}

}  // namespace arno

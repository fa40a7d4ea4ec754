// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/emoji_names.h"

#include <fmt/format.h>

#include <charconv>

#include "common/error.h"
#include "io/import/detail/markup.h"
#include "io/text_clean.h"
#include "io/utf8.h"

namespace arno::io::detail {
namespace {

constexpr char32_t kEmojiSelector = 0xfe0f;
constexpr char32_t kLastCodePoint = 0x10ffff;

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Cuts the text up to the separator off its front.
std::string_view take_until(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// "1F600 FE0F"; empty when it is something else.
std::u32string parse_code_points(std::string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const std::string_view part = take_until(text, ' ');
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, 16);
    if (error != std::errc() || end != part.data() + part.size() || value > kLastCodePoint) {
      return {};
    }
    out.push_back(value);
  }
  return out;
}

/// "😀 E1.0 grinning face" gives "grinning face".
std::string_view parse_comment(std::string_view comment) {
  comment = trim(comment);
  take_until(comment, ' ');
  const std::string_view version = take_until(comment, ' ');
  return version.starts_with('E') ? trim(comment) : std::string_view();
}

}  // namespace

std::vector<Emoji> parse_emoji_test(std::string_view text, std::string_view file) {
  std::vector<Emoji> emoji;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = take_until(text, '\n');
    if (trim(line).starts_with('#')) continue;
    const std::string_view code_points = trim(take_until(line, ';'));
    if (trim(take_until(line, '#')) != "fully-qualified") continue;
    Emoji entry{parse_code_points(code_points), std::string(parse_comment(line))};
    ARNO_CHECK(!entry.code_points.empty() && !entry.name.empty(), Errc::data_corrupt,
               "[import] {}:{}: expected \"CODE POINTS ; fully-qualified # EMOJI E1.0 name\"", file,
               number);
    emoji.push_back(std::move(entry));
  }
  return emoji;
}

std::string name_without_skin_tones(std::string_view name) {
  const std::string base(take_until(name, ':'));
  std::string details;
  while (!name.empty()) {
    const std::string_view part = trim(take_until(name, ','));
    if (part.ends_with("skin tone")) continue;
    details += fmt::format("{}{}", details.empty() ? ": " : ", ", part);
  }
  return details == ": person, person" ? base : base + details;
}

void add_annotations(std::string_view xml, Annotations& annotations) {
  MarkupReader reader(xml);
  std::string key;
  bool is_name = false;
  for (MarkupToken token = reader.next(); token.kind != MarkupToken::Kind::kEnd;
       token = reader.next()) {
    if (token.kind != MarkupToken::Kind::kText) {
      const bool opens = token.kind == MarkupToken::Kind::kOpen && token.name == "annotation";
      key = opens && !token.empty ? attribute_value(token.attributes, "cp") : std::string();
      is_name = attribute_value(token.attributes, "type") == "tts";
      continue;
    }
    if (key.empty()) continue;
    const std::string value = unescape_html(token.text);
    Annotation& annotation = annotations[key];
    if (is_name) {
      annotation.name = value;
      continue;
    }
    for (std::string_view rest = value; !rest.empty();) {
      annotation.keywords.emplace_back(trim(take_until(rest, '|')));
    }
  }
}

std::string annotation_key(std::u32string_view code_points) {
  std::string key;
  for (const char32_t c : code_points) {
    if (c != kEmojiSelector) append_utf8(key, c);
  }
  return key;
}

std::string hex_name(std::u32string_view code_points) {
  std::string name;
  for (const char32_t c : code_points) {
    name += fmt::format("{}{:x}", name.empty() ? "" : "-", static_cast<uint32_t>(c));
  }
  return name;
}

}  // namespace arno::io::detail

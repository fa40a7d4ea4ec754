// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/markup.h"

#include <algorithm>

#include "io/text_clean.h"

namespace arno::io::detail {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view without_prefix(std::string_view name) {
  const size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// '>' may stand within the quotes of an attribute.
size_t find_tag_end(std::string_view xml, size_t from) {
  char quote = 0;
  for (size_t i = from; i < xml.size(); ++i) {
    const char c = xml[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

// Passes over opening ... closing, if it stands here.
bool MarkupReader::skip(std::string_view opening, std::string_view closing) {
  if (!xml_.substr(at_).starts_with(opening)) return false;
  const size_t end = xml_.find(closing, at_ + opening.size());
  at_ = end == std::string_view::npos ? xml_.size() : end + closing.size();
  return true;
}

// <!DOCTYPE name [ declarations ]>
void MarkupReader::skip_declaration() {
  int depth = 0;
  for (; at_ < xml_.size(); ++at_) {
    const char c = xml_[at_];
    if (c == '<' || c == '[') ++depth;
    if (c == '>' || c == ']') --depth;
    if (depth == 0) break;
  }
  at_ = std::min(at_ + 1, xml_.size());
}

MarkupToken MarkupReader::next() {
  using Kind = MarkupToken::Kind;
  constexpr std::string_view kCdata = "<![CDATA[";
  while (at_ < xml_.size()) {
    const size_t start = at_;
    if (xml_[at_] != '<') {
      at_ = std::min(xml_.find('<', at_), xml_.size());
      return {.kind = Kind::kText, .text = xml_.substr(start, at_ - start)};
    }
    if (skip("<!--", "-->") || skip("<?", "?>")) continue;
    if (skip(kCdata, "]]>")) {
      const size_t first = start + kCdata.size();
      const size_t end = std::min(xml_.find("]]>", first), xml_.size());
      return {.kind = Kind::kText, .text = xml_.substr(first, end - first)};
    }
    if (xml_.substr(at_).starts_with("<!")) {
      skip_declaration();
      continue;
    }
    return read_tag();
  }
  return {};
}

MarkupToken MarkupReader::read_tag() {
  const size_t end = find_tag_end(xml_, at_ + 1);
  if (end == std::string_view::npos) {
    at_ = xml_.size();
    return {};
  }
  std::string_view tag = xml_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  MarkupToken token{.kind = MarkupToken::Kind::kOpen};
  if (tag.starts_with('/')) {
    token.kind = MarkupToken::Kind::kClose;
    tag.remove_prefix(1);
  } else if (tag.ends_with('/')) {
    token.empty = true;
    tag.remove_suffix(1);
  }
  const size_t name_end = std::min(tag.find_first_of(kSpace), tag.size());
  token.name = without_prefix(tag.substr(0, name_end));
  token.attributes = tag.substr(name_end);
  return token;
}

std::string attribute_value(std::string_view attributes, std::string_view name) {
  for (size_t at = 0; at < attributes.size();) {
    const size_t equals = attributes.find('=', at);
    if (equals == std::string_view::npos) break;
    const size_t open = attributes.find_first_of("\"'", equals);
    if (open == std::string_view::npos) break;
    const size_t close = attributes.find(attributes[open], open + 1);
    if (close == std::string_view::npos) break;
    if (without_prefix(trim(attributes.substr(at, equals - at))) == name) {
      return unescape_html(attributes.substr(open + 1, close - open - 1));
    }
    at = close + 1;
  }
  return {};
}

}  // namespace arno::io::detail

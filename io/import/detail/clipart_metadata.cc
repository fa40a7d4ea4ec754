// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/clipart_metadata.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "io/import/detail/markup.h"
#include "io/text_clean.h"

namespace arno::io::detail {
namespace {

/// Follows where in the RDF a text stands.
class WorkParser {
 public:
  /// Whether the work has ended.
  bool read(const MarkupToken& token) {
    using Kind = MarkupToken::Kind;
    if (token.kind == Kind::kOpen) return open(token), false;
    if (token.kind == Kind::kText) return add_text(token.text), false;
    if (token.name == "Work" && in_work_) return true;
    const auto opened = std::find(path_.rbegin(), path_.rend(), token.name);
    if (opened != path_.rend()) path_.erase(opened.base() - 1, path_.end());
    return false;
  }

  ClipartMetadata take() { return std::move(found_); }

 private:
  void open(const MarkupToken& token) {
    if (token.name == "Work") {
      in_work_ = true;
      path_.clear();
    }
    if (!in_work_) return;
    if (token.name == "license" && found_.licence.empty()) {
      found_.licence = attribute_value(token.attributes, "resource");
    }
    if (!token.empty) path_.push_back(token.name);
    if (path_is({"subject", "Bag", "li"})) found_.keywords.emplace_back();
  }

  void add_text(std::string_view text) {
    if (path_is({"title"})) found_.title += unescape_html(text);
    if (path_is({"creator", "Agent", "title"})) found_.author += unescape_html(text);
    if (path_is({"subject", "Bag", "li"})) found_.keywords.back() += unescape_html(text);
  }

  /// The path below the work.
  bool path_is(std::initializer_list<std::string_view> names) const {
    return path_.size() == names.size() + 1 &&
           std::equal(names.begin(), names.end(), path_.begin() + 1);
  }

  bool in_work_ = false;
  std::vector<std::string_view> path_;
  ClipartMetadata found_;
};

}  // namespace

bool ClipartMetadata::is_public_domain() const {
  return lower_case(licence).find("/publicdomain") != std::string::npos;
}

ClipartMetadata parse_clipart_metadata(std::string_view svg) {
  MarkupReader reader(svg);
  WorkParser parser;
  for (MarkupToken token = reader.next(); token.kind != MarkupToken::Kind::kEnd;
       token = reader.next()) {
    if (parser.read(token)) break;
  }
  ClipartMetadata metadata = parser.take();
  metadata.author = clean_text(metadata.author);
  return metadata;
}

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arno::io::detail {

/// A piece of an XML text.
struct MarkupToken {
  enum class Kind {
    kOpen,   ///< <name attributes>, and <name/> (empty is true, no kClose follows)
    kClose,  ///< </name>
    kText,   ///< text, or a CDATA section
    kEnd,    ///< nothing is left
  };

  Kind kind = Kind::kEnd;
  std::string_view name;        ///< without namespace prefix
  std::string_view attributes;  ///< what stands between the name and the end of the tag
  std::string_view text;        ///< of kText, entities not replaced
  bool empty = false;           ///< <name/>
};

/// Walks through XML without checking it: tags need not match, and what is cut off ends the walk.
/// Comments, processing instructions and the document type are passed over. Never throws.
class MarkupReader {
 public:
  /// `xml` must outlive the reader and its tokens.
  explicit MarkupReader(std::string_view xml) : xml_(xml) {}

  MarkupToken next();

 private:
  bool skip(std::string_view opening, std::string_view closing);
  void skip_declaration();
  MarkupToken read_tag();

  std::string_view xml_;
  size_t at_ = 0;
};

/// The value of an attribute, entities replaced; empty when there is none. `name` is compared
/// without namespace prefix.
std::string attribute_value(std::string_view attributes, std::string_view name);

}  // namespace arno::io::detail

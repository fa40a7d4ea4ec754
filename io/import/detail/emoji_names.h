// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace arno::io::detail {

/// A line of Unicode's emoji-test.txt.
struct Emoji {
  std::u32string code_points;  ///< one or more
  std::string name;            ///< Unicode's short name, "grinning face"
};

/// The fully-qualified emoji of emoji-test.txt (Unicode Technical Standard 51), in its order.
/// Throws data_corrupt, naming `file` and line, for a fully-qualified line that is not
/// "CODE POINTS ; fully-qualified # EMOJI E1.0 name".
std::vector<Emoji> parse_emoji_test(std::string_view text, std::string_view file);

/// The short name without the skin tones in it, equal for all variants of an emoji: "waving hand"
/// for "waving hand: light skin tone", "person: beard" for "person: dark skin tone, beard". Two
/// people of two skin tones, "kiss: person, person, ..." are those of one, "kiss".
std::string name_without_skin_tones(std::string_view name);

/// What CLDR says about a sequence of characters.
struct Annotation {
  std::string name;                   ///< the short name read aloud (type "tts"); may be empty
  std::vector<std::string> keywords;  ///< as they stand, may be empty
};

/// CLDR's annotations of one language by UTF-8 characters, which lack U+FE0F.
using Annotations = std::map<std::string, Annotation>;

/// Adds the <annotation> elements of a CLDR annotations file.
void add_annotations(std::string_view xml, Annotations& annotations);

/// The key of a sequence in Annotations: UTF-8 without U+FE0F.
std::string annotation_key(std::u32string_view code_points);

/// "1f600-fe0f": hexadecimal code points, joined.
std::string hex_name(std::u32string_view code_points);

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arno::io {

/// Replaces, once, `&name;` (HTML 4's 252 names, `apos`, and those that HTML 5 also takes without
/// a semicolon), `&#123;` and `&#x7b;`, with HTML 5's rules for numbers that name no character.
/// Everything else stays.
std::string unescape_html(std::string_view text);

/// Repairs what is broken beyond doubt, a small part of what Python's ftfy does:
///   - UTF-8 that was read as Latin-1 ("cafÃ©") where two characters make one of U+0080..U+00FF,
///     or as Windows-1252 ("donâ€™t") where three make one of U+2000..U+2FFF;
///   - curly quotes become ' and ", full-width ASCII becomes ASCII, the ligatures ff to st
///     become letters;
///   - control characters other than white space are dropped, and so is a byte order mark;
///   - bytes that are not UTF-8 become U+FFFD.
/// Does not compose accents (NFC) and does not guess at other encodings.
std::string fix_text(std::string_view text);

/// The text as CLIP cleans it: fix_text, unescape_html twice, then white space collapsed to single
/// spaces and none at the ends. Always returns UTF-8. Cleaning may take more than one pass to
/// settle: "&amp;amp;amp;" becomes "&amp;".
std::string clean_text(std::string_view text);

/// Every code point in lower case by Unicode's one-to-one mapping (all scripts); a capital I with
/// a dot above becomes two code points, as in Python. A capital sigma becomes the middle form also
/// at the end of a word.
std::string lower_case(std::string_view text);

/// clean_text, then lower_case: the form whose hash128 is the label of a text (Florence,
/// section 2.2: texts with the same label are positives of each other), and what is tokenised.
std::string normalize_text(std::string_view text);

/// Runs of characters that are not white space.
size_t word_count(std::string_view text);

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "cli/top/line.h"

#include "cli/top/text.h"

namespace arno::cli::top {

std::string plain_text(const Line& line) {
  std::string out;
  for (const Span& span : line) out += span.text;
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

size_t columns_of(const Line& line) {
  size_t columns = 0;
  for (const Span& span : line) columns += columns_of(span.text);
  return columns;
}

Line cut(const Line& line, size_t columns) {
  if (columns_of(line) <= columns) return line;
  Line out;
  size_t left = columns;
  for (const Span& span : line) {
    const size_t taken = columns_of(span.text);
    // One column is kept for the ellipsis of what follows.
    if (taken >= left) {
      out.push_back({cut(span.text + " ", left), span.style});
      break;
    }
    out.push_back(span);
    left -= taken;
  }
  return out;
}

Span repeated(const char* character, size_t count, Style style) {
  Span out{.style = style};
  for (size_t i = 0; i < count; ++i) out.text += character;
  return out;
}

}  // namespace arno::cli::top

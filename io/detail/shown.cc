// SPDX-License-Identifier: Apache-2.0
#include "io/detail/shown.h"

namespace arno::io::detail {

std::string shown(std::string_view text) {
  constexpr size_t kMost = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out + (text.size() > kMost ? "\"..." : "\"");
}

}  // namespace arno::io::detail

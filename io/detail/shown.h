// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace arno::io::detail {

/// A text from a file, in quotes, as an error may print it: at most 80 bytes, control characters as
/// '?'.
std::string shown(std::string_view text);

}  // namespace arno::io::detail

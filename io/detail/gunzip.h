// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arno::io::detail {

/// What a gzip file of one member holds, at most `max_bytes`. Throws data_corrupt, naming `name`.
std::string gunzip(std::string_view compressed, size_t max_bytes, std::string_view name);

}  // namespace arno::io::detail

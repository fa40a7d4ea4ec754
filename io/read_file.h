// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace arno::io {

/// The bytes of a file of at most `max_bytes`. Throws io_failed (with the path and the reason) if
/// it cannot be read, data_corrupt if it is larger.
std::string read_file(const std::filesystem::path& path, size_t max_bytes);

}  // namespace arno::io

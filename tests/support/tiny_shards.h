// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/io/shard_files.h"

// Shards of a few small generated images.
namespace arno::testing {

/// A picture whose colours and stripes depend on the number, as a file.
std::string tiny_png(int number, int side = 40);
std::string tiny_jpeg(int number, int side = 40);
/// The start of a PNG file that claims these sides.
std::string png_header(uint32_t width, uint32_t height);

/// Members of a good sample: `<name>.png` and `<name>.txt`.
io::Members sample_members(const std::string& name, int number, const std::string& text);

/// Writes a shard of good samples, one for each text, named and drawn by their number.
void write_tiny_shard(const std::filesystem::path& path, const std::vector<std::string>& texts);

/// `count` texts of one word ("thing7"), of ten distinct ones; every third has a long one instead.
std::vector<std::string> tiny_texts(int count);

}  // namespace arno::testing

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace arno::io {

/// The shard files that patterns name, in the order given: paths, `file:` URLs, brace expressions
/// ({000000..000999} keeps its zeros, {a,b}, nested), `::` between several, `@list.txt` for a file
/// with one pattern a line, folders, which stand for their *.tar files in order of name, and names
/// with * for any characters.
///
/// Throws io_failed for a file that does not exist, invalid_argument for a malformed expression or
/// more than ten million results, unsupported for pipe:, http(s)://, s3:// and hf://.
std::vector<std::filesystem::path> expand_urls(const std::vector<std::string>& patterns);

}  // namespace arno::io

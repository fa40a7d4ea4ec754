// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/input_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "common/error.h"
#include "common/hash.h"

namespace arno::io::detail {

namespace fs = std::filesystem;

fs::path InputFiles::file(std::string_view path, std::string_view package) {
  const fs::path full = root_ / path;
  std::error_code error;
  const uintmax_t size = fs::file_size(full, error);
  ARNO_CHECK(!error, Errc::io_failed,
             "[import] {} was not found ({}); it is part of the Debian package {}", full.string(),
             error.message(), package);
  note(full, size);
  return full;
}

std::vector<std::string> InputFiles::files_below(std::string_view folder,
                                                 std::string_view extension,
                                                 std::string_view package) {
  const fs::path top = root_ / folder;
  std::vector<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator it(top, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->path().extension() == extension && fs::is_regular_file(it->symlink_status(ignored))) {
      found.push_back(it->path().lexically_relative(top).string());
    }
  }
  ARNO_CHECK(!error && !found.empty(), Errc::io_failed,
             "[import] {} has no *{} files{}; they are part of the Debian package {}", top.string(),
             extension, error ? " (" + error.message() + ")" : "", package);
  std::sort(found.begin(), found.end());
  for (const std::string& name : found) note(top / name, fs::file_size(top / name));
  return found;
}

std::string InputFiles::fingerprint() const { return hash128(seen_).to_string(); }

void InputFiles::note(const fs::path& path, uintmax_t size) {
  // Relative to the root, so that a copy of the packages elsewhere counts as the same.
  seen_ += fmt::format("{} {}\n", path.lexically_relative(root_).string(), size);
}

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace arno::io::detail {

/// The files that an importer reads, and a fingerprint of their names and sizes.
class InputFiles {
 public:
  explicit InputFiles(std::filesystem::path root) : root_(std::move(root)) {}

  /// The full path of a file such as "usr/share/unicode/emoji/emoji-test.txt". Throws io_failed
  /// with the Debian package that provides it if it is missing.
  std::filesystem::path file(std::string_view path, std::string_view package);

  /// All files below a folder whose name ends in `extension` (".svg"), without symbolic links, as
  /// paths relative to the folder, sorted. Throws io_failed, naming the package, if there are none.
  std::vector<std::string> files_below(std::string_view folder, std::string_view extension,
                                       std::string_view package);

  /// Changes when a file that was asked for changes its size, or one comes or goes.
  std::string fingerprint() const;

 private:
  void note(const std::filesystem::path& path, uintmax_t size);

  std::filesystem::path root_;
  std::string seen_;
};

}  // namespace arno::io::detail

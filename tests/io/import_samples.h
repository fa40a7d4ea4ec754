// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace arno::io {

/// A folder that is there for one test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Writes a file and the folders above it.
void write_sample_file(const std::filesystem::path& path, std::string_view bytes);

std::string read_sample_file(const std::filesystem::path& path);

/// The members of a tar file: bytes by name.
std::map<std::string, std::string> read_tar(const std::filesystem::path& path);

std::string gzip(std::string_view bytes);

/// A PNG of a dark square, `side` pixels, at (x, y) on white.
struct SquareOptions {
  int width = 40;
  int height = 40;
  int side = 20;
  int x = 5;
  int y = 5;
};
std::string square_png(const SquareOptions& options = {});

/// An SVG file of the Open Clip Art Library.
struct ClipartSample {
  std::string title = "Owl";
  std::vector<std::string> keywords = {"bird", "night"};
  std::string author = "Ann Other";
  std::string licence = "http://web.resource.org/cc/PublicDomain";
};
std::string clipart_svg(const ClipartSample& sample);

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace arno::io::detail {

/// A font whose glyphs are PNG pictures (OpenType tables CBDT and CBLC).
class PictureFont {
 public:
  /// Throws io_failed or data_corrupt, naming the file.
  explicit PictureFont(const std::filesystem::path& path);
  ~PictureFont();

  /// The PNG file of the glyph that the characters become; empty when they become several glyphs,
  /// none, or one without a picture.
  std::string picture(std::u32string_view code_points) const;

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "io/image/image.h"

namespace arno::io {

/// The formats that are read.
enum class ImageFormat { kJpeg, kPng, kWebp };

/// "JPEG", "PNG" or "WebP".
std::string_view to_string(ImageFormat format);

/// What the header says. Nothing in it has been checked against the pixels.
struct ImageInfo {
  ImageFormat format = ImageFormat::kJpeg;
  int width = 0;             ///< stored columns, >= 1, before the orientation is applied
  int height = 0;            ///< stored rows, >= 1, before the orientation is applied
  int orientation = 1;       ///< EXIF tag 0x0112, 1..8; 1 where the file says nothing valid
  bool progressive = false;  ///< progressive JPEG or interlaced PNG: a region costs a full decode
  bool animated = false;     ///< WebP with an animation

  /// True where the orientation swaps rows and columns.
  bool transposed() const { return orientation >= 5; }
  /// Columns as a viewer sees them.
  int upright_width() const { return transposed() ? height : width; }
  /// Rows as a viewer sees them.
  int upright_height() const { return transposed() ? width : height; }
};

/// Either info or a fault.
struct ProbeResult {
  std::optional<ImageInfo> info;
  ImageFault fault;  ///< holds the reason when info is empty
};

/// Reads format, size and orientation without touching a pixel. The format is found from the
/// first bytes, never from a name. Costs a walk over the headers; never throws on bad bytes.
ProbeResult probe_image(std::span<const std::byte> bytes);

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace arno::io {

/// Pixels in memory: 8 bits a channel, row-major [height, width, channels], no padding.
///
/// Every decoder here gives RGB, channels == 3. One channel (gray) and four (RGBA, alpha not
/// multiplied in) occur only as input of encode_png().
struct Image {
  int height = 0;               ///< rows, >= 1 once filled
  int width = 0;                ///< columns, >= 1 once filled
  int channels = 3;             ///< 1, 3 or 4
  std::vector<uint8_t> pixels;  ///< height * width * channels bytes

  /// An image of zeros.
  static Image zeros(int height, int width, int channels = 3);

  /// Bytes of one row.
  size_t stride() const { return static_cast<size_t>(width) * static_cast<size_t>(channels); }
  const uint8_t* row(int y) const { return pixels.data() + static_cast<size_t>(y) * stride(); }
  uint8_t* row(int y) { return pixels.data() + static_cast<size_t>(y) * stride(); }
};

/// A rectangle of whole pixels: columns [x, x + width), rows [y, y + height).
struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  bool operator==(const Box&) const = default;
};

/// A rectangle whose edges may lie between pixels; a pixel covers [i, i + 1).
struct Window {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  Window() = default;
  Window(double x, double y, double width, double height)
      : x(x), y(y), width(width), height(height) {}
  /// The same rectangle.
  Window(const Box& box) : Window(box.x, box.y, box.width, box.height) {}  // NOLINT: implicit
};

/// Why bytes gave no image.
enum class FaultCause {
  kUnknownFormat,  ///< neither JPEG nor PNG nor WebP by the first bytes
  kUnsupported,    ///< the right format, but a variant that is not read (animation, lossless JPEG)
  kTooLarge,       ///< a side or the area is over the limit of DecodeOptions
  kTruncated,      ///< the bytes end before the image does
  kCorrupt,        ///< the bytes contradict their format
};

/// The name of a cause for counters and logs: "too_large".
std::string_view to_string(FaultCause cause);

/// A bad image: an expected outcome, never an exception.
struct ImageFault {
  FaultCause cause = FaultCause::kCorrupt;  ///< for counting
  std::string text;                         ///< one line for people
};

}  // namespace arno::io

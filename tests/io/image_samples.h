// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/image/image.h"

namespace arno::io::testing {

using Bytes = std::vector<std::byte>;

/// A smooth RGB picture without any symmetry.
Image picture(int height, int width);

/// Peak signal to noise of two images of one size, in dB; 99 when they are equal.
double psnr(const Image& a, const Image& b);

/// The largest difference of any byte; 256 when the sizes differ.
int largest_difference(const Image& a, const Image& b);

/// How a JPEG sample is written.
struct JpegSpec {
  int quality = 95;
  bool progressive = false;
  bool adobe = true;        ///< write the Adobe marker of a CMYK file
  int chroma_sampling = 2;  ///< 2: 4:2:0, 1: 4:4:4
};

/// Writes image.channels 1 (gray), 3 (RGB) or 4 (CMYK as stored) with jpeglib.
Bytes make_jpeg(const Image& image, const JpegSpec& spec = {});

/// How a PNG sample is written. `rows` holds the packed rows, 16 bits big-endian.
struct PngSpec {
  int height = 0;
  int width = 0;
  int depth = 8;
  int color_type = 2;  ///< as in the PNG header: 0 gray, 2 RGB, 3 palette, 4 gray+alpha, 6 RGBA
  bool interlaced = false;
  std::vector<uint8_t> palette;        ///< RGB triples
  std::vector<uint8_t> palette_alpha;  ///< tRNS of a palette
};
Bytes make_png(const PngSpec& spec, std::span<const uint8_t> rows);

/// Writes image.channels 3 (RGB) or 4 (RGBA); quality < 0: lossless.
Bytes make_webp(const Image& image, float quality);

/// The JPEG with an EXIF block of one tag.
Bytes with_orientation(const Bytes& jpeg, int orientation);

}  // namespace arno::io::testing

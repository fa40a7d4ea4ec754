// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/image/decode.h"

namespace arno::io::detail {

/// The part of a JPEG to decode, in stored pixels.
struct JpegRegion {
  Box box;              ///< within the image
  int denominator = 1;  ///< 1, 2, 4 or 8: decode at 1/denominator
};

/// Each gives the stored pixels as RGB, the orientation not applied. `info` is what probe_image()
/// found; limits have been checked against it.
DecodeResult decode_jpeg(std::span<const std::byte> bytes, const ImageInfo& info,
                         const JpegRegion& region, const DecodeOptions& options);
DecodeResult decode_png(std::span<const std::byte> bytes, const ImageInfo& info,
                        const DecodeOptions& options);
DecodeResult decode_webp(std::span<const std::byte> bytes, const ImageInfo& info,
                         const DecodeOptions& options);

/// A result without image.
DecodeResult decode_fault(FaultCause cause, std::string text);

/// A result that holds all of `image`.
DecodeResult decoded(Image image, bool filled);

}  // namespace arno::io::detail

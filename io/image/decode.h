// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "io/image/image.h"
#include "io/image/probe.h"

namespace arno::io {

/// What to do with an image whose bytes end early or are damaged on the way.
enum class TruncatedPolicy {
  kFail,  ///< a fault
  kFill,  ///< keep what was decoded; the rest is whatever the codec fills in, mostly gray
};

/// Limits and policies of decoding.
struct DecodeOptions {
  int max_side = 16384;                                ///< longest side read, in pixels
  int64_t max_pixels = int64_t{64} << 20;              ///< largest area read, in pixels
  TruncatedPolicy truncated = TruncatedPolicy::kFail;  ///< for damaged images
};

/// Either an image or a fault.
struct DecodeResult {
  std::optional<Image> image;  ///< RGB, upright: the EXIF orientation is applied
  Window window;               ///< where in `image` lies what was asked for; else all of it
  ImageFault fault;            ///< holds the reason when image is empty
  bool filled = false;         ///< damaged, and kept by TruncatedPolicy::kFill
};

/// Decodes JPEG, PNG and WebP of any colour type: gray, palette and CMYK become RGB, 16 bits are
/// rounded to 8, alpha is composited over white. Colour profiles and gamma are ignored.
///
/// The limits are checked against the header before pixels are allocated. Bad bytes give a fault,
/// never an exception, and nothing is printed. Thread-safe.
DecodeResult decode_image(std::span<const std::byte> bytes, const DecodeOptions& options = {});

/// Chooses what to keep of an upright image of the given size; the box lies within it.
using BoxChooser = std::function<Box(int width, int height)>;

/// How large the crop will be in the end. 0 x 0: full resolution.
struct TargetSize {
  int height = 0;
  int width = 0;
};

/// Decodes only what a crop needs. `choose_box` is called once, after the header and before any
/// pixel; of a JPEG only the rows and blocks of the box are decoded, at 1/1, 1/2, 1/4 or 1/8 of
/// the resolution, the smallest that still gives the box at least `target` pixels a side. PNG and
/// WebP are decoded whole.
///
/// The box lies at `result.window` of `result.image`; hand both to resize_crop(). Damage outside
/// the box may go unnoticed. Throws arno::Error when the box leaves the image.
DecodeResult decode_and_crop(std::span<const std::byte> bytes, const BoxChooser& choose_box,
                             TargetSize target, const DecodeOptions& options = {});

/// decode_and_crop() of the largest centred square, for a target of `side` x `side`: what is shown
/// and what is evaluated.
DecodeResult decode_center(std::span<const std::byte> bytes, int side);

}  // namespace arno::io

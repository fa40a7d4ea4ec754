// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "io/image/image.h"
#include "ops/core/dtype.h"

namespace arno::io {

/// The filter of a resize.
enum class Interpolation {
  kBilinear,  ///< triangle
  kBicubic,   ///< Keys 1981, a = -0.5
};

/// Mirroring along with a resize.
enum class Flip { kNone, kHorizontal };

/// How resize_crop() resamples.
struct ResizeOptions {
  int height = 224;                                        ///< rows of the result, >= 1
  int width = 224;                                         ///< columns of the result, >= 1
  Interpolation interpolation = Interpolation::kBilinear;  ///< filter
  Flip flip = Flip::kNone;                                 ///< mirror the result
};

/// Per channel: (value / 255 - mean) / deviation.
struct Normalization {
  std::array<float, 3> mean = {0.48145466f, 0.4578275f, 0.40821073f};        ///< CLIP's statistics
  std::array<float, 3> deviation = {0.26862954f, 0.26130258f, 0.27577711f};  ///< each > 0
};

/// Crops an RGB image to the window and resizes it, with antialiasing: when it shrinks, the filter
/// is stretched by the factor, as in Pillow. Pixels that the window does not touch have no
/// influence. Throws arno::Error when the window leaves the image or is empty.
Image resize_crop(const Image& image, const Window& window, const ResizeOptions& options);

/// The same, written as normalised floats [height, width, 3] to `out`, without rounding to 8 bits
/// between. `out` has height * width * 3 elements.
void resize_crop_normalize(const Image& image, const Window& window, const ResizeOptions& options,
                           const Normalization& normalization, std::span<float> out);
/// The same in half the memory.
void resize_crop_normalize(const Image& image, const Window& window, const ResizeOptions& options,
                           const Normalization& normalization, std::span<ops::BFloat16> out);

/// Normalises a whole RGB image to `out` [height, width, 3].
void normalize(const Image& image, const Normalization& normalization, std::span<float> out);
/// Undoes it: values [height, width, 3] to 8 bits a channel, clamped.
Image denormalize(std::span<const float> values, int height, int width,
                  const Normalization& normalization = {});

}  // namespace arno::io

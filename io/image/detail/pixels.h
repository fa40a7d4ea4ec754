// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/image/image.h"

namespace arno::io::detail {

/// How the ink values of a CMYK image are stored.
enum class InkSense {
  kFullIs255,  ///< 255 is full ink
  kFullIs0,    ///< 0 is full ink, as Adobe writes it
};

/// RGBA to RGB over white, in place: (c * a + 255 * (255 - a)) / 255 to the nearest integer.
void composite_over_white(Image& image);

/// CMYK to RGB, in place, without a profile: (255 - c) * (255 - k) / 255 to the nearest integer.
void cmyk_to_rgb(Image& image, InkSense sense);

/// Turns stored pixels upright by an EXIF orientation, 1..8.
Image orient(Image image, int orientation);

/// Where a window of a width x height image lies after orient().
Window orient(const Window& window, int orientation, int width, int height);

/// The orientation that undoes one.
int inverse_orientation(int orientation);

}  // namespace arno::io::detail

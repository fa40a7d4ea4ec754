// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/random.h"
#include "io/image/image.h"

namespace arno::io {

/// How much color_jitter() changes; 0 leaves a property alone.
struct JitterOptions {
  double brightness = 0;  ///< factor uniform in [max(0, 1 - b), 1 + b], b >= 0
  double contrast = 0;    ///< likewise
  double saturation = 0;  ///< likewise
  double hue = 0;         ///< shift uniform in [-h, h] of the colour circle, 0 <= h <= 0.5
};

/// Changes an RGB image at random as torchvision's ColorJitter does: the four changes in a random
/// order, rounded to 8 bits after each. Draws the same count of random numbers for any options.
void color_jitter(Image& image, const JitterOptions& options, Random& random);

/// value * factor, cut at 255. factor >= 0.
void adjust_brightness(Image& image, double factor);
/// Blends with the mean gray: 0 gives it, 1 the image.
void adjust_contrast(Image& image, double factor);
/// Blends with the gray image: 0 gives it, 1 the image.
void adjust_saturation(Image& image, double factor);
/// Turns the hue by `shift` of the colour circle, -0.5 .. 0.5.
void adjust_hue(Image& image, double shift);

}  // namespace arno::io

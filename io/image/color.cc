// SPDX-License-Identifier: Apache-2.0
#include "io/image/color.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/error.h"

namespace arno::io {
namespace {

uint8_t to_byte(float value) {
  return static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f) + 0.5f);
}

// ITU-R BT.601 luma.
float luma(const uint8_t* rgb) { return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]; }

// Calls change(three bytes) for each pixel.
template <class Change>
void for_each_pixel(Image& image, const Change& change) {
  for (size_t i = 0; i < image.pixels.size(); i += 3) change(&image.pixels[i]);
}

void check_rgb(const Image& image) {
  ARNO_CHECK(image.channels == 3, Errc::invalid_argument,
             "[color_jitter] image has {} channels, expected 3", image.channels);
}

double draw_factor(double amount, Random& random) {
  return random.uniform(std::max(0.0, 1 - amount), 1 + amount);
}

// Chroma and the position on the colour circle in sixths (Smith 1978).
struct Hue {
  float low, chroma, sixths;

  explicit Hue(const uint8_t* rgb) {
    const float r = rgb[0], g = rgb[1], b = rgb[2];
    const float high = std::max({r, g, b});
    low = std::min({r, g, b});
    chroma = high - low;
    if (chroma == 0) {
      sixths = 0;
    } else if (high == r) {
      sixths = (g - b) / chroma;
    } else if (high == g) {
      sixths = 2 + (b - r) / chroma;
    } else {
      sixths = 4 + (r - g) / chroma;
    }
  }

  // The channel whose hue is at `center` sixths.
  float channel(float center) const {
    float distance = std::abs(sixths - center);
    distance = std::min(distance, 6 - distance);
    return low + chroma * std::clamp(2 - distance, 0.0f, 1.0f);
  }
};

}  // namespace

void adjust_brightness(Image& image, double factor) {
  if (factor == 1) return;
  const float f = static_cast<float>(factor);
  for (uint8_t& value : image.pixels) value = to_byte(f * value);
}

void adjust_contrast(Image& image, double factor) {
  check_rgb(image);
  if (factor == 1) return;
  double sum = 0;
  for_each_pixel(image, [&sum](const uint8_t* rgb) { sum += luma(rgb); });
  const double mean = sum * 3 / static_cast<double>(image.pixels.size());
  const float f = static_cast<float>(factor), base = static_cast<float>((1 - factor) * mean);
  for (uint8_t& value : image.pixels) value = to_byte(f * value + base);
}

void adjust_saturation(Image& image, double factor) {
  check_rgb(image);
  if (factor == 1) return;
  const float f = static_cast<float>(factor);
  for_each_pixel(image, [f](uint8_t* rgb) {
    const float base = (1 - f) * luma(rgb);
    for (int c = 0; c < 3; ++c) rgb[c] = to_byte(f * rgb[c] + base);
  });
}

void adjust_hue(Image& image, double shift) {
  check_rgb(image);
  if (shift == 0) return;
  const float turn = static_cast<float>(6 * shift);
  for_each_pixel(image, [turn](uint8_t* rgb) {
    Hue hue(rgb);
    hue.sixths += turn;
    hue.sixths -= 6 * std::floor(hue.sixths / 6);
    for (int c = 0; c < 3; ++c) rgb[c] = to_byte(hue.channel(2.0f * static_cast<float>(c)));
  });
}

void color_jitter(Image& image, const JitterOptions& options, Random& random) {
  check_rgb(image);
  ARNO_CHECK(options.brightness >= 0 && options.contrast >= 0 && options.saturation >= 0,
             Errc::invalid_argument,
             "[color_jitter] brightness {}, contrast {}, saturation {}, expected >= 0",
             options.brightness, options.contrast, options.saturation);
  ARNO_CHECK(options.hue >= 0 && options.hue <= 0.5, Errc::invalid_argument,
             "[color_jitter] hue {}, expected 0 .. 0.5", options.hue);
  std::array<int, 4> order{0, 1, 2, 3};
  for (size_t i = 3; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  const double brightness = draw_factor(options.brightness, random);
  const double contrast = draw_factor(options.contrast, random);
  const double saturation = draw_factor(options.saturation, random);
  const double hue = random.uniform(-options.hue, options.hue);
  for (int step : order) {
    if (step == 0) adjust_brightness(image, brightness);
    if (step == 1) adjust_contrast(image, contrast);
    if (step == 2) adjust_saturation(image, saturation);
    if (step == 3) adjust_hue(image, hue);
  }
}

}  // namespace arno::io

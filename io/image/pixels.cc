// SPDX-License-Identifier: Apache-2.0
#include "io/image/detail/pixels.h"

#include <algorithm>
#include <utility>

namespace arno::io::detail {
namespace {

uint8_t divide_by_255(uint32_t value) { return static_cast<uint8_t>((value + 127) / 255); }

// Calls convert(four bytes in, three bytes out) for each pixel; in and out may overlap.
template <class Convert>
void four_to_three(Image& image, Convert convert) {
  const size_t count = image.pixels.size() / 4;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* p = &image.pixels[4 * i];
    const uint8_t in[4] = {p[0], p[1], p[2], p[3]};
    convert(in, &image.pixels[3 * i]);
  }
  image.channels = 3;
  image.pixels.resize(3 * count);
}

// What an orientation does, as: transpose first, then mirror in the upright frame.
struct Turn {
  bool transpose, mirror_x, mirror_y;
};

Turn turn_of(int orientation) {
  // EXIF 2.3, tag 0x0112.
  switch (orientation) {
    case 2:
      return {false, true, false};
    case 3:
      return {false, true, true};
    case 4:
      return {false, false, true};
    case 5:
      return {true, false, false};
    case 6:
      return {true, true, false};
    case 7:
      return {true, true, true};
    case 8:
      return {true, false, true};
    default:
      return {false, false, false};
  }
}

}  // namespace

void composite_over_white(Image& image) {
  four_to_three(image, [](const uint8_t* in, uint8_t* out) {
    const uint32_t alpha = in[3];
    for (int c = 0; c < 3; ++c) out[c] = divide_by_255(in[c] * alpha + 255 * (255 - alpha));
  });
}

void cmyk_to_rgb(Image& image, InkSense sense) {
  const uint8_t flip = sense == InkSense::kFullIs255 ? 0xff : 0;
  four_to_three(image, [flip](const uint8_t* in, uint8_t* out) {
    const uint32_t paper = in[3] ^ flip;
    for (int c = 0; c < 3; ++c) out[c] = divide_by_255((in[c] ^ flip) * paper);
  });
}

Image orient(Image image, int orientation) {
  if (orientation == 1) return image;
  const Turn turn = turn_of(orientation);
  Image out = turn.transpose ? Image::zeros(image.width, image.height, image.channels)
                             : Image::zeros(image.height, image.width, image.channels);
  for (int y = 0; y < out.height; ++y) {
    const int v = turn.mirror_y ? out.height - 1 - y : y;
    uint8_t* target = out.row(y);
    for (int x = 0; x < out.width; ++x) {
      const int u = turn.mirror_x ? out.width - 1 - x : x;
      const uint8_t* source = turn.transpose ? image.row(u) + 3 * v : image.row(v) + 3 * u;
      for (int c = 0; c < 3; ++c) *target++ = source[c];
    }
  }
  return out;
}

Window orient(const Window& window, int orientation, int width, int height) {
  const Turn turn = turn_of(orientation);
  Window out = window;
  if (turn.transpose) {
    std::swap(out.x, out.y);
    std::swap(out.width, out.height);
    std::swap(width, height);
  }
  if (turn.mirror_x) out.x = width - out.x - out.width;
  if (turn.mirror_y) out.y = height - out.y - out.height;
  return out;
}

int inverse_orientation(int orientation) {
  if (orientation == 6) return 8;
  return orientation == 8 ? 6 : orientation;
}

}  // namespace arno::io::detail

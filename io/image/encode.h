// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "io/image/image.h"

namespace arno::io {

/// A PNG file with 8 bits a channel: gray, RGB or RGBA by image.channels. The same bytes for the
/// same image on one installation.
std::vector<std::byte> encode_png(const Image& image);

/// A baseline JPEG file of an RGB or gray image. quality is 1..100.
std::vector<std::byte> encode_jpeg(const Image& image, int quality);

}  // namespace arno::io

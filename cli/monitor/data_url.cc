// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor/data_url.h"

#include <algorithm>
#include <cmath>

#include "io/image/encode.h"
#include "io/image/resize.h"

namespace arno::cli {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::span<const std::byte> bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? std::to_integer<uint32_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += k <= count ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

}  // namespace

std::string png_data_url(const io::Image& image) {
  return "data:image/png;base64," + base64(io::encode_png(image));
}

io::Image denormalized(const ops::Tensor& image) {
  const io::Normalization normalization;
  io::Image out = io::Image::zeros(static_cast<int>(image.dim(0)), static_cast<int>(image.dim(1)));
  const std::span<const float> values = image.data<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const float unit = values[i] * normalization.deviation[i % 3] + normalization.mean[i % 3];
    out.pixels[i] = static_cast<uint8_t>(std::lround(std::clamp(unit, 0.0F, 1.0F) * 255));
  }
  return out;
}

}  // namespace arno::cli

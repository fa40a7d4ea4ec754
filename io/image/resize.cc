// SPDX-License-Identifier: Apache-2.0
#include "io/image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/error.h"
#include "io/image/detail/resampler.h"

namespace arno::io {
namespace {

using detail::Float16;

constexpr size_t kLanes = 16;

void check_arguments(const Image& image, const Window& w, const ResizeOptions& options) {
  ARNO_CHECK(image.channels == 3, Errc::invalid_argument,
             "[resize_crop] image has {} channels, expected 3", image.channels);
  ARNO_CHECK(options.height >= 1 && options.width >= 1, Errc::invalid_argument,
             "[resize_crop] output of {} x {}, expected at least 1 x 1", options.width,
             options.height);
  const bool inside = w.x >= 0 && w.y >= 0 && w.width > 0 && w.height > 0 &&
                      w.x + w.width <= image.width && w.y + w.height <= image.height;
  ARNO_CHECK(inside, Errc::invalid_argument,
             "[resize_crop] window x {} y {} of {} x {} leaves the image of {} x {}", w.x, w.y,
             w.width, w.height, image.width, image.height);
}

// value * factor + shift is (value / 255 - mean) / deviation.
struct Affine {
  std::array<float, 3> factor;
  std::array<float, 3> shift;

  explicit Affine(const Normalization& n) {
    for (int c = 0; c < 3; ++c) {
      ARNO_CHECK(n.deviation[c] > 0, Errc::invalid_argument,
                 "[normalize] deviation of channel {} is {}, expected > 0", c, n.deviation[c]);
      factor[c] = static_cast<float>(1.0 / (255.0 * n.deviation[c]));
      shift[c] = static_cast<float>(-double{n.mean[c]} / n.deviation[c]);
    }
  }
};

// The same for whole vectors of RGB RGB ...: after three vectors the channels repeat.
struct VectorAffine {
  Float16 factor[3];
  Float16 shift[3];

  explicit VectorAffine(const Affine& affine) {
    for (size_t i = 0; i < 3 * kLanes; ++i) {
      factor[i / kLanes][i % kLanes] = affine.factor[i % 3];
      shift[i / kLanes][i % kLanes] = affine.shift[i % 3];
    }
  }
  Float16 operator()(int vector, const Float16& value) const {
    return value * factor[vector % 3] + shift[vector % 3];
  }
};

// to_stored(i, values) turns the vector i of a row into 16 elements of `out`.
template <class Element, class ToStored>
void resample(const Image& image, const Window& window, const ResizeOptions& options,
              std::span<Element> out, const ToStored& to_stored) {
  check_arguments(image, window, options);
  detail::Resampler resampler(image, window, options);
  const size_t row_size = size_t{3} * static_cast<size_t>(options.width);
  for (int y = 0; y < options.height; ++y) {
    Element* const target = out.data() + static_cast<size_t>(y) * row_size;
    resampler.row(y, [&](int i, const Float16& values) {
      const auto stored = to_stored(i, values);
      const size_t at = kLanes * static_cast<size_t>(i);
      if (at + kLanes <= row_size) {
        detail::store(target + at, stored);
      } else {
        std::memcpy(static_cast<void*>(target + at), &stored, (row_size - at) * sizeof(Element));
      }
    });
  }
}

// As BFloat16 rounds: to the nearest, ties to even.
detail::Half16 to_bfloat16(const Float16& values) {
  const auto bits = reinterpret_cast<detail::Word16>(values);
  return __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, detail::Half16);
}

void check_out(size_t size, int height, int width) {
  const size_t expected = size_t{3} * static_cast<size_t>(height) * static_cast<size_t>(width);
  ARNO_CHECK(size == expected, Errc::shape_mismatch,
             "[normalize] output has {} elements, expected {} ({} x {} x 3)", size, expected,
             height, width);
}

}  // namespace

Image resize_crop(const Image& image, const Window& window, const ResizeOptions& options) {
  Image out = Image::zeros(options.height, options.width);
  resample(image, window, options, std::span(out.pixels), [](int, const Float16& values) {
    return __builtin_convertvector(__builtin_convertvector(values + 0.5f, detail::Int16),
                                   detail::Byte16);
  });
  return out;
}

void resize_crop_normalize(const Image& image, const Window& window, const ResizeOptions& options,
                           const Normalization& normalization, std::span<float> out) {
  check_out(out.size(), options.height, options.width);
  resample(image, window, options, out, VectorAffine(Affine(normalization)));
}

void resize_crop_normalize(const Image& image, const Window& window, const ResizeOptions& options,
                           const Normalization& normalization, std::span<ops::BFloat16> out) {
  check_out(out.size(), options.height, options.width);
  const VectorAffine affine{Affine(normalization)};
  resample(image, window, options, out,
           [&affine](int i, const Float16& values) { return to_bfloat16(affine(i, values)); });
}

void normalize(const Image& image, const Normalization& normalization, std::span<float> out) {
  ARNO_CHECK(image.channels == 3, Errc::invalid_argument,
             "[normalize] image has {} channels, expected 3", image.channels);
  check_out(out.size(), image.height, image.width);
  const Affine affine(normalization);
  for (size_t i = 0; i < out.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) {
      out[i + c] = static_cast<float>(image.pixels[i + c]) * affine.factor[c] + affine.shift[c];
    }
  }
}

Image denormalize(std::span<const float> values, int height, int width,
                  const Normalization& normalization) {
  check_out(values.size(), height, width);
  Image out = Image::zeros(height, width);
  for (size_t i = 0; i < values.size(); ++i) {
    const float unit = values[i] * normalization.deviation[i % 3] + normalization.mean[i % 3];
    out.pixels[i] = static_cast<uint8_t>(std::lround(std::clamp(unit, 0.0f, 1.0f) * 255));
  }
  return out;
}

}  // namespace arno::io

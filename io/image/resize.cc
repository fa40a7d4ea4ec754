// SPDX-License-Identifier: Apache-2.0
#include "io/image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/error.h"

namespace arno::io {
namespace {

// Output rows that are made together. One vector holds a pixel of each, four floats a pixel, so
// that a tap of the horizontal filter is one operation of a whole AVX-512 register.
constexpr int kRows = 4;
// Vectors that GCC and Clang keep in registers; loops over float[4] stay scalar.
typedef float Vec4 __attribute__((vector_size(16)));
typedef float Vec16 __attribute__((vector_size(64)));

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys 1981, equation 15 with a = -0.5.
double keys(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((x - 5) * x + 8) * a * x - 4 * a;
  return 0;
}

// The weights of every output position along one axis. All positions have the same count, padded
// with zeros: a loop of constant length is what the branch predictor likes.
struct AxisTable {
  int begin = 0;  // source positions that are used: [begin, end)
  int end = 0;
  int count = 0;               // weights a position, 1 .. end - begin
  std::vector<int> first;      // the source position of each position's first weight
  std::vector<float> weights;  // [positions, count]

  const float* weights_of(int position) const {
    return weights.data() + static_cast<size_t>(position) * static_cast<size_t>(count);
  }
};

AxisTable make_table(double start, double length, int limit, int out, Interpolation interpolation) {
  const bool cubic = interpolation == Interpolation::kBicubic;
  const double scale = length / out;
  const double stretch = std::max(scale, 1.0);
  const double support = (cubic ? 2.0 : 1.0) * stretch;
  AxisTable table;
  table.begin = std::clamp(static_cast<int>(std::floor(start)), 0, limit - 1);
  table.end = std::clamp(static_cast<int>(std::ceil(start + length)), table.begin + 1, limit);
  // The support covers at most this many centres of pixels.
  table.count = std::min(table.end - table.begin, static_cast<int>(std::floor(2 * support)) + 1);
  std::vector<double> row(static_cast<size_t>(table.count));
  for (int i = 0; i < out; ++i) {
    const double center = start + (i + 0.5) * scale;
    const int first = std::clamp(static_cast<int>(std::ceil(center - support - 0.5)), table.begin,
                                 table.end - table.count);
    double sum = 0;
    for (int k = 0; k < table.count; ++k) {
      const double x = (first + k + 0.5 - center) / stretch;
      row[k] = cubic ? keys(x) : triangle(x);
      sum += row[k];
    }
    table.first.push_back(first);
    for (double weight : row) table.weights.push_back(static_cast<float>(weight / sum));
  }
  return table;
}

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

// sum of weight * row over the taps, for `count` bytes of the rows from byte `from` on.
void sum_rows(const Image& image, const AxisTable& table, int y, size_t from, size_t count,
              float* sums) {
  std::fill(sums, sums + count, 0.0f);
  for (int k = 0; k < table.count; ++k) {
    const float weight = table.weights_of(y)[k];
    const uint8_t* source = image.row(table.first[y] + k) + from;
    for (size_t i = 0; i < count; ++i) sums[i] += weight * static_cast<float>(source[i]);
  }
}

// The pixels of kRows rows of three channels side by side; the fourth float of each means nothing.
// A row has one float more than its pixels.
void interleave(const std::vector<float>& rows, std::vector<Vec16>& pixels) {
  const size_t stride = rows.size() / kRows;
  for (size_t x = 0; x < pixels.size(); ++x) {
    float* const target = reinterpret_cast<float*>(&pixels[x]);
    for (size_t r = 0; r < kRows; ++r) {
      std::memcpy(target + 4 * r, rows.data() + r * stride + 3 * x, sizeof(Vec4));
    }
  }
}

// The horizontal filter at one position, in [0, 255].
Vec16 filter(const AxisTable& columns, int x, const Vec16* pixels) {
  const float* weights = columns.weights_of(x);
  const Vec16* source = pixels + (columns.first[x] - columns.begin);
  Vec16 total = {};
  for (int k = 0; k < columns.count; ++k) total += weights[k] * source[k];
  // A bicubic filter overshoots at edges.
  const Vec16 white = Vec16{} + 255;
  total = total > 0 ? total : Vec16{};
  return total < white ? total : white;
}

// Calls write(y, x, rgb) for every output pixel, from left to right in each row; rgb is three
// floats in [0, 255] and one that means nothing.
template <class Write>
void resample(const Image& image, const Window& window, const ResizeOptions& options,
              const Write& write) {
  check_arguments(image, window, options);
  const AxisTable rows =
      make_table(window.y, window.height, image.height, options.height, options.interpolation);
  const AxisTable columns =
      make_table(window.x, window.width, image.width, options.width, options.interpolation);
  const bool mirror = options.flip == Flip::kHorizontal;
  const size_t used = static_cast<size_t>(columns.end - columns.begin);
  const size_t stride = 3 * used + 1;
  std::vector<float> sums(kRows * stride);
  std::vector<Vec16> pixels(used);
  for (int top = 0; top < options.height; top += kRows) {
    const int count = std::min(kRows, options.height - top);
    for (int r = 0; r < count; ++r) {
      sum_rows(image, rows, top + r, 3 * static_cast<size_t>(columns.begin), 3 * used,
               sums.data() + r * stride);
    }
    interleave(sums, pixels);
    for (int x = 0; x < options.width; ++x) {
      const Vec16 block = filter(columns, mirror ? options.width - 1 - x : x, pixels.data());
      float values[4 * kRows];
      std::memcpy(values, &block, sizeof(values));
      for (int r = 0; r < count; ++r) write(top + r, x, values + 4 * r);
    }
  }
}

// value * factor + shift is (value / 255 - mean) / deviation.
struct Affine {
  Vec4 factor = {};
  Vec4 shift = {};

  explicit Affine(const Normalization& n) {
    for (int c = 0; c < 3; ++c) {
      ARNO_CHECK(n.deviation[c] > 0, Errc::invalid_argument,
                 "[normalize] deviation of channel {} is {}, expected > 0", c, n.deviation[c]);
      factor[c] = static_cast<float>(1.0 / (255.0 * n.deviation[c]));
      shift[c] = static_cast<float>(-double{n.mean[c]} / n.deviation[c]);
    }
  }
};

void check_out(std::span<float> out, int height, int width) {
  const size_t expected = size_t{3} * static_cast<size_t>(height) * static_cast<size_t>(width);
  ARNO_CHECK(out.size() == expected, Errc::shape_mismatch,
             "[normalize] output has {} elements, expected {} ({} x {} x 3)", out.size(), expected,
             height, width);
}

}  // namespace

Image resize_crop(const Image& image, const Window& window, const ResizeOptions& options) {
  Image out = Image::zeros(options.height, options.width);
  resample(image, window, options, [&out](int y, int x, const float* rgb) {
    uint8_t* target = out.row(y) + 3 * x;
    for (int c = 0; c < 3; ++c) target[c] = static_cast<uint8_t>(rgb[c] + 0.5f);
  });
  return out;
}

void resize_crop_normalize(const Image& image, const Window& window, const ResizeOptions& options,
                           const Normalization& normalization, std::span<float> out) {
  check_out(out, options.height, options.width);
  const Affine affine(normalization);
  resample(image, window, options, [&](int y, int x, const float* rgb) {
    Vec4 value;
    std::memcpy(&value, rgb, sizeof(value));
    value = value * affine.factor + affine.shift;
    float* target = out.data() + 3 * (static_cast<size_t>(y) * options.width + x);
    // The fourth float goes where the next pixel will be: the last of a row has none.
    std::memcpy(target, &value, (x + 1 < options.width ? 4 : 3) * sizeof(float));
  });
}

void normalize(const Image& image, const Normalization& normalization, std::span<float> out) {
  ARNO_CHECK(image.channels == 3, Errc::invalid_argument,
             "[normalize] image has {} channels, expected 3", image.channels);
  check_out(out, image.height, image.width);
  const Affine affine(normalization);
  for (size_t i = 0; i < out.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) {
      out[i + c] = static_cast<float>(image.pixels[i + c]) * affine.factor[c] + affine.shift[c];
    }
  }
}

}  // namespace arno::io

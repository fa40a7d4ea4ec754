// SPDX-License-Identifier: Apache-2.0
#include "io/image/detail/resampler.h"

#include <algorithm>

namespace arno::io::detail {
namespace {

constexpr int kRows = 4;    // source rows that are filtered together
constexpr int kPixels = 4;  // of a row that are packed together
constexpr int kLanes = 16;

constexpr int round_up(int value, int unit) { return (value + unit - 1) / unit * unit; }

// Four pixels from 12 bytes at `source`, zeros from `end` on: R R G G B B and two bytes that mean
// nothing, of the first two; then of the others.
Byte16 load_pairs(const uint8_t* source, const uint8_t* end) {
  Byte16 bytes = {};
  if (source + sizeof(bytes) <= end) {
    bytes = load<Byte16>(source);
  } else if (source < end) {
    std::memcpy(&bytes, source, static_cast<size_t>(end - source));
  }
  return __builtin_shufflevector(bytes, bytes, 0, 3, 1, 4, 2, 5, 0, 0, 6, 9, 7, 10, 8, 11, 0, 0);
}

// Sixteen bytes as 16 bits each.
Byte32 widen(const Byte16& bytes) {
  return __builtin_shufflevector(bytes, Byte16{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                                 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

Byte16 low_halves(const Byte16& a, const Byte16& b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

Byte16 high_halves(const Byte16& a, const Byte16& b) {
  return __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30,
                                 31);
}

}  // namespace

Resampler::Resampler(const Image& image, const Window& window, const ResizeOptions& options)
    : image_(image),
      rows_(make_filter_table({window.y, window.height, image.height, options.height},
                              options.interpolation)),
      columns_(make_filter_table({window.x, window.width, image.width, options.width},
                                 options.interpolation)),
      pairs_(make_pair_table(columns_)),
      mirror_(options.flip == Flip::kHorizontal),
      width_(options.width),
      vectors_(round_up(3 * options.width, kLanes) / kLanes),
      // The fourth float of the last pixel is written too.
      stride_(static_cast<size_t>(round_up(3 * options.width + 1, kBlock * kLanes) / kLanes)),
      capacity_(round_up(rows_.count + kRows - 1, kRows)),
      made_(rows_.begin),
      // The weights of the last position may reach a pair further, with zeros.
      pixels_(static_cast<size_t>(round_up(columns_.end - columns_.begin, kPixels) / 2 + 1)),
      ring_(std::make_unique_for_overwrite<Float16[]>(static_cast<size_t>(capacity_) * stride_)),
      taps_(static_cast<size_t>(rows_.count)) {}

void Resampler::prepare(int y) {
  const int first = rows_.first[y];
  while (made_ < first + rows_.count) {
    pack(made_);
    filter(made_);
    made_ += kRows;
  }
  for (int k = 0; k < rows_.count; ++k) taps_[k] = filtered(first + k);
}

// The rows [row, row + kRows) side by side; below the window the last one again.
void Resampler::pack(int row) {
  const uint8_t* const end = image_.pixels.data() + image_.pixels.size();
  const uint8_t* source[kRows];
  for (int r = 0; r < kRows; ++r) {
    source[r] = image_.row(std::min(row + r, rows_.end - 1)) + 3 * columns_.begin;
  }
  const int pixels = columns_.end - columns_.begin;
  auto* target = reinterpret_cast<uint8_t*>(pixels_.data());
  for (int x = 0; x < pixels; x += kPixels) {
    Byte16 rows[kRows];
    for (int r = 0; r < kRows; ++r) rows[r] = load_pairs(source[r] + 3 * x, end);
    store(target, widen(low_halves(rows[0], rows[1])));
    store(target + 32, widen(low_halves(rows[2], rows[3])));
    store(target + 64, widen(high_halves(rows[0], rows[1])));
    store(target + 96, widen(high_halves(rows[2], rows[3])));
    target += 128;
  }
}

void Resampler::filter(int row) {
  // Locals: the stores below might change any member, for all that the compiler knows.
  const Int16* const pixels = pixels_.data();
  const int count = pairs_.count, width = width_;
  const int* first = pairs_.first.data() + (mirror_ ? width - 1 : 0);
  const int32_t* weights = pairs_.weights_of(mirror_ ? width - 1 : 0);
  const int step = mirror_ ? -1 : 1;
  const size_t stride = kLanes * stride_;
  auto* target = reinterpret_cast<float*>(filtered(row));
  for (int x = 0; x < width; ++x) {
    const Int16* source = pixels + *first;
    Int16 total = {};
    for (int k = 0; k < count; ++k) total = add_products(total, source[k], weights[k]);
    Float4 rows[kRows];
    store(rows, __builtin_convertvector(total, Float16));
    // The fourth float goes where the next pixel will be.
    for (int r = 0; r < kRows; ++r) store(target + r * stride, rows[r]);
    target += 3;
    first += step;
    weights += step * count;
  }
}

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "io/image/detail/filter_table.h"
#include "io/image/detail/vectors.h"
#include "io/image/image.h"

namespace arno::io::detail {

/// Resamples a window of an RGB image, one output row at a time: the horizontal filter on the few
/// source rows that the next output row needs, then the vertical filter on those.
///
/// The horizontal filter makes four source rows at once, in integers with weights of 14 bits: one
/// vector holds two neighbouring pixels of each row, so that two taps of four rows are one
/// multiply-and-add of an AVX-512 register. It is bounded by its two loads, of pixels and of
/// weights. The vertical filter is f32, bounded by its loads from the L1 and L2 cache.
class Resampler {
 public:
  /// `image` must outlive the resampler and have three channels; the window lies within it.
  Resampler(const Image& image, const Window& window, const ResizeOptions& options);

  /// Calls write(i, values) for the vectors i = 0, 1, ... of row y, which hold the floats
  /// [16 i, 16 i + 16) of the row's RGB, each in [0, 255]; the last may be filled in part. Rows are
  /// asked for in rising order.
  template <class Write>
  void row(int y, const Write& write) {
    prepare(y);
    const float* const weights = rows_.weights_of(y);
    const Float16* const* const taps = taps_.data();
    const int count = rows_.count, vectors = vectors_;
    for (int i = 0; i < vectors; i += kBlock) {
      Float16 totals[kBlock] = {};
      for (int k = 0; k < count; ++k) {
        for (int j = 0; j < kBlock; ++j) totals[j] += weights[k] * taps[k][i + j];
      }
      for (int j = 0; j < kBlock && i + j < vectors; ++j) write(i + j, to_bytes(totals[j]));
    }
  }

 private:
  // Vectors of a row that are made together; they share the loads of weights.
  static constexpr int kBlock = 3;

  // From units of the horizontal filter; a bicubic filter overshoots at edges.
  static Float16 to_bytes(Float16 total) {
    const Float16 black = {};
    const Float16 white = black + 255;
    total *= kWeightUnit;
    total = total > black ? total : black;
    return total < white ? total : white;
  }

  void prepare(int y);
  void pack(int row);
  void filter(int row);
  Float16* filtered(int row) {
    return ring_.get() + static_cast<size_t>((row - rows_.begin) % capacity_) * stride_;
  }

  const Image& image_;
  FilterTable rows_;
  FilterTable columns_;
  PairTable pairs_;  // of columns_
  bool mirror_;
  int width_;
  int vectors_;                       // of an output row
  size_t stride_;                     // vectors of a filtered row
  int capacity_;                      // filtered rows that are kept
  int made_;                          // source rows below this one have been filtered
  std::vector<Int16> pixels_;         // pairs of pixels of four source rows
  std::unique_ptr<Float16[]> ring_;   // [capacity_, stride_]
  std::vector<const Float16*> taps_;  // of the current output row
};

}  // namespace arno::io::detail

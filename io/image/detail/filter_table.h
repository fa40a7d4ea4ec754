// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/image/resize.h"

namespace arno::io::detail {

/// The weights of every output position along one axis. All positions have the same count, padded
/// with zeros: a loop of constant length is what the branch predictor likes.
struct FilterTable {
  int begin = 0;               ///< source positions that are used: [begin, end)
  int end = 0;                 ///< past the last
  int count = 0;               ///< weights a position, 1 .. end - begin
  std::vector<int> first;      ///< the source position of each position's first weight; never falls
  std::vector<float> weights;  ///< [positions, count], each row sums to 1

  const float* weights_of(int position) const {
    return weights.data() + static_cast<size_t>(position) * static_cast<size_t>(count);
  }
};

/// The part of one axis that becomes `out` positions: [start, start + length) of `limit` pixels.
struct AxisPart {
  double start = 0;
  double length = 0;
  int limit = 0;
  int out = 0;
};

/// When the part shrinks, the filter is stretched by the factor. Pixels outside have no weight.
FilterTable make_filter_table(const AxisPart& part, Interpolation interpolation);

/// What a weight of 1 in a PairTable stands for.
inline constexpr float kWeightUnit = 1.0f / (1 << 14);

/// The same weights as integers, two to a word (pair_of()), for sources that are stored in pairs.
struct PairTable {
  int count = 0;                 ///< pairs a position
  std::vector<int> first;        ///< each position's first pair, counted from FilterTable::begin
  std::vector<int32_t> weights;  ///< [positions, count]; each row sums to 1 / kWeightUnit

  const int32_t* weights_of(int position) const {
    return weights.data() + static_cast<size_t>(position) * static_cast<size_t>(count);
  }
};

PairTable make_pair_table(const FilterTable& table);

}  // namespace arno::io::detail

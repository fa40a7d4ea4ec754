// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

namespace arno::ops::detail {

/// Floats of a vector register; rows of tiles are padded to whole vectors.
constexpr int64_t kLanes = 16;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

inline int64_t padded_to_lanes(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

/// An operand read element by element: a[m, k] at data[m * row + k * column]. Transposed by
/// swapping the strides.
struct Strided {
  const float* data;
  int64_t row;
  int64_t column;
};

/// kRows x (kVectors * kLanes) elements of c = a * b, kept in registers over the whole depth.
template <int kRows, int kVectors>
inline void tile_block(int64_t depth, Strided a, const float* b, int64_t ldb, float* c,
                       int64_t ldc) {
  Lanes sum[kRows][kVectors] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Lanes row[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      row[v] = *reinterpret_cast<const Lanes*>(b + k * ldb + v * kLanes);
    }
    for (int m = 0; m < kRows; ++m) {
      const float factor = a.data[m * a.row + k * a.column];
      for (int v = 0; v < kVectors; ++v) sum[m][v] += factor * row[v];
    }
  }
  for (int m = 0; m < kRows; ++m) {
    for (int v = 0; v < kVectors; ++v) {
      *reinterpret_cast<Lanes*>(c + m * ldc + v * kLanes) = sum[m][v];
    }
  }
}

/// Rows in blocks of kRows, then of 4, 2 and 1.
template <int kVectors, int kRows>
inline void tile_rows(int64_t M, int64_t depth, Strided a, const float* b, int64_t ldb, float* c,
                      int64_t ldc) {
  int64_t m = 0;
  const auto at = [&](int64_t row) { return Strided{a.data + row * a.row, a.row, a.column}; };
  for (; m + kRows <= M; m += kRows) {
    tile_block<kRows, kVectors>(depth, at(m), b, ldb, c + m * ldc, ldc);
  }
  for (; m + 4 <= M; m += 4) tile_block<4, kVectors>(depth, at(m), b, ldb, c + m * ldc, ldc);
  for (; m + 2 <= M; m += 2) tile_block<2, kVectors>(depth, at(m), b, ldb, c + m * ldc, ldc);
  for (; m < M; ++m) tile_block<1, kVectors>(depth, at(m), b, ldb, c + m * ldc, ldc);
}

/// The 49 tokens of a window of 7 are seven blocks of 7 rows; a single row that is left over would
/// cost as much as four.
template <int kVectors>
inline void tile_columns(int64_t M, int64_t depth, Strided a, const float* b, int64_t ldb, float* c,
                         int64_t ldc) {
  constexpr int kFactor = kVectors == 1 ? 2 : 1;
  if (M % 7 == 0) {
    tile_rows<kVectors, 7 * kFactor>(M, depth, a, b, ldb, c, ldc);
  } else {
    tile_rows<kVectors, 6 * kFactor>(M, depth, a, b, ldb, c, ldc);
  }
}

/// c [M, N] = a [M, depth] * b [depth, N] for matrices that fit the first-level cache. N is a
/// multiple of kLanes.
inline void tile_gemm(int64_t M, int64_t N, int64_t depth, Strided a, const float* b, int64_t ldb,
                      float* c, int64_t ldc) {
  int64_t n = 0;
  for (; n + 2 * kLanes <= N; n += 2 * kLanes) {
    tile_columns<2>(M, depth, a, b + n, ldb, c + n, ldc);
  }
  if (n < N) tile_columns<1>(M, depth, a, b + n, ldb, c + n, ldc);
}

/// Swaps blocks of kStep x kStep between pairs of rows: one of the four steps of a transpose.
template <int kStep, int... kLane>
inline void swap_blocks(Lanes* rows, std::integer_sequence<int, kLane...>) {
  constexpr int kOther = static_cast<int>(kLanes);  // lanes of b come after those of a
  for (int row = 0; row < kLanes; ++row) {
    if ((row & kStep) != 0) continue;
    const Lanes a = rows[row], b = rows[row + kStep];
    rows[row] =
        __builtin_shufflevector(a, b, ((kLane & kStep) == 0 ? kLane : kOther + kLane - kStep)...);
    rows[row + kStep] =
        __builtin_shufflevector(a, b, ((kLane & kStep) == 0 ? kLane + kStep : kOther + kLane)...);
  }
}

/// to [16, 16] = the transpose of from [16, 16].
inline void transpose_block(const float* from, int64_t from_row, float* to, int64_t to_row) {
  constexpr std::make_integer_sequence<int, kLanes> lanes;
  Lanes rows[kLanes];
  for (int i = 0; i < kLanes; ++i) rows[i] = *reinterpret_cast<const Lanes*>(from + i * from_row);
  swap_blocks<8>(rows, lanes);
  swap_blocks<4>(rows, lanes);
  swap_blocks<2>(rows, lanes);
  swap_blocks<1>(rows, lanes);
  for (int i = 0; i < kLanes; ++i) *reinterpret_cast<Lanes*>(to + i * to_row) = rows[i];
}

}  // namespace arno::ops::detail

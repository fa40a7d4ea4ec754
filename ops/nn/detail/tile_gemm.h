// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

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

template <int kVectors>
inline void tile_columns(int64_t M, int64_t depth, Strided a, const float* b, int64_t ldb, float* c,
                         int64_t ldc) {
  constexpr int kRows = kVectors == 1 ? 12 : 6;
  int64_t m = 0;
  const auto at = [&](int64_t row) { return Strided{a.data + row * a.row, a.row, a.column}; };
  for (; m + kRows <= M; m += kRows) {
    tile_block<kRows, kVectors>(depth, at(m), b, ldb, c + m * ldc, ldc);
  }
  for (; m + 2 <= M; m += 2) tile_block<2, kVectors>(depth, at(m), b, ldb, c + m * ldc, ldc);
  for (; m < M; ++m) tile_block<1, kVectors>(depth, at(m), b, ldb, c + m * ldc, ldc);
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

}  // namespace arno::ops::detail

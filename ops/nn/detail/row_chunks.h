// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/core/tensor.h"

namespace arno::ops::detail {

/// Rows that an op of several layers takes through all of them before the next rows, so that what
/// lies between the layers is kept for these rows only and stays in a cache; enough of them for
/// the matrix products to run at full speed.
constexpr int64_t kChunkRows = 3136;

/// Some of the samples of x [B, ..., C] and their rows of [rows, C].
struct RowChunk {
  int64_t first_sample, samples;
  int64_t first_row, rows;

  /// The chunk's rows of a tensor [rows, ...].
  Tensor of(const Tensor& all) const { return all.narrow(first_row, rows); }
  /// Where the chunk's rows are made in `dtype`: in place when they have it. To be stored.
  Tensor to_write(const Tensor& all, DType dtype) const {
    return all.dtype() == dtype ? of(all)
                                : Tensor::empty(all.shape().with(0, rows), dtype, all.device());
  }
  /// Rounds what to_write() gave into the chunk's rows.
  void store(const Tensor& written, const Tensor& all) const {
    if (written.dtype() != all.dtype()) of(all).copy_from(written);
  }
};

/// Calls body(chunk) for whole samples of x [B, ..., C], about kChunkRows rows at a time; once,
/// with none, where there are none. Chunks depend on the shape alone.
template <class Body>
void for_each_row_chunk(const Shape& x, Body body) {
  const int64_t samples = x[0];
  const int64_t sample_rows = samples == 0 ? 0 : x.numel() / x[-1] / samples;
  const int64_t rows = samples * sample_rows;
  const int64_t chunks = std::clamp<int64_t>(rows / kChunkRows, 1, std::max<int64_t>(1, samples));
  for (int64_t i = 0; i < chunks; ++i) {
    const int64_t first = samples * i / chunks;
    const int64_t count = samples * (i + 1) / chunks - first;
    body(RowChunk{first, count, first * sample_rows, count * sample_rows});
  }
}

}  // namespace arno::ops::detail

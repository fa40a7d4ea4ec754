// SPDX-License-Identifier: Apache-2.0
#include "ops/core/shape.h"

#include <algorithm>

#include "common/error.h"

namespace arno::ops {

Shape::Shape(std::span<const int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  ARNO_CHECK(dims.size() <= kMaxRank, Errc::invalid_argument, "[shape] {} extents, at most {}",
             dims.size(), kMaxRank);
  for (const int64_t extent : dims) {
    ARNO_CHECK(extent >= 0, Errc::invalid_argument, "[shape] negative extent {}", extent);
  }
  std::ranges::copy(dims, dims_.begin());
}

int64_t Shape::operator[](int i) const {
  const int index = i < 0 ? i + rank_ : i;
  ARNO_CHECK(index >= 0 && index < rank_, Errc::invalid_argument,
             "[shape] extent {} of {}, which has {}", i, to_string(), rank_);
  return dims_[index];
}

int64_t Shape::numel() const {
  int64_t product = 1;
  for (int i = 0; i < rank_; ++i) product *= dims_[i];
  return product;
}

Shape Shape::with(int i, int64_t extent) const {
  Shape out = *this;
  (void)out[i];
  out.dims_[i < 0 ? i + rank_ : i] = extent;
  return out;
}

std::string Shape::to_string() const { return fmt::format("[{}]", fmt::join(dims(), ", ")); }

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "ops/core/tensor.h"

namespace arno::florence {

/// The elements of a tensor that one of `size` replicas keeps: parts of equal length in rank order,
/// of which the last ones may be cut short or be empty.
struct Shard {
  int64_t part = 0;    ///< elements of a full part
  int64_t begin = 0;   ///< of the rank's elements
  int64_t length = 0;  ///< of the rank's elements; at most `part`
};

Shard shard_of(int64_t count, int64_t rank, int64_t size);

/// The rank's elements of a tensor, flat. Shares.
ops::Tensor own_part(const ops::Tensor& whole, int64_t rank, int64_t size);

/// f32 tensors -> [size, S]: row r has rank r's part of each, one after the other, filled up with
/// zeros. S is the sum of the full parts.
ops::Tensor to_rows(std::span<const ops::Tensor> wholes, int64_t size);

/// One row of the above, from a rank's own parts of tensors with `counts` elements.
ops::Tensor to_own_row(std::span<const ops::Tensor> parts, std::span<const int64_t> counts,
                       int64_t size);

/// The inverse of to_rows(): fills the tensors.
void from_rows(const ops::Tensor& rows, std::span<ops::Tensor> wholes);

}  // namespace arno::florence

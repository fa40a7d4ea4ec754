// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ops/core/tensor.h"

namespace arno::florence {

/// Texts of different lengths one after the other: nothing is spent on padding.
struct PackedTexts {
  ops::Tensor tokens;     ///< i32 [T]
  ops::Tensor positions;  ///< i32 [T]: place of each token in its text
  ops::Tensor offsets;    ///< i32 [n + 1]: text i is tokens [offsets[i], offsets[i + 1])

  int64_t count() const { return offsets.defined() ? offsets.dim(0) - 1 : 0; }
  /// Texts [start, start + length) as a packed set of their own.
  PackedTexts slice(int64_t start, int64_t length) const;
};

/// Packs token lists (each SOT ... EOT). Throws invalid_argument for an empty list.
PackedTexts pack_texts(const std::vector<std::vector<int32_t>>& texts);

}  // namespace arno::florence

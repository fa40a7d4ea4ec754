// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ops/core/op_def.h"
#include "ops/math/matmul.h"
#include "ops/nn/conv2d.h"
#include "ops/nn/layer_norm.h"
#include "ops/nn/linear.h"

namespace arno::ops {

std::span<const OpDef* const> all_ops() {
  // Sorted by name, one a line.
  static const auto list = std::to_array<const OpDef*>({
      &conv2d_def(),
      &layer_norm_def(),
      &linear_def(),
      &matmul_def(),
  });
  return list;
}

}  // namespace arno::ops

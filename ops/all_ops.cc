// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ops/core/op_def.h"
#include "ops/loss/unicl_loss.h"
#include "ops/math/add.h"
#include "ops/math/cast.h"
#include "ops/math/gather_rows.h"
#include "ops/math/matmul.h"
#include "ops/nn/conv2d.h"
#include "ops/nn/embedding.h"
#include "ops/nn/gelu.h"
#include "ops/nn/l2_normalize.h"
#include "ops/nn/layer_norm.h"
#include "ops/nn/linear.h"
#include "ops/nn/mean_pool.h"
#include "ops/nn/norm_linear.h"
#include "ops/nn/packed_attention.h"
#include "ops/nn/pad_grid.h"
#include "ops/nn/residual_mlp.h"
#include "ops/nn/window_attention.h"

namespace arno::ops {

std::span<const OpDef* const> all_ops() {
  // Sorted by name, one a line.
  // clang-format off
  static const auto list = std::to_array<const OpDef*>({
      &add_def(),
      &cast_def(),
      &conv2d_def(),
      &crop_grid_def(),
      &embedding_def(),
      &gather_rows_def(),
      &gelu_def(),
      &l2_normalize_def(),
      &layer_norm_def(),
      &linear_def(),
      &matmul_def(),
      &mean_pool_def(),
      &norm_linear_def(),
      &packed_attention_def(),
      &pad_grid_def(),
      &quick_gelu_def(),
      &residual_add_def(),
      &residual_mlp_def(),
      &unicl_loss_def(),
      &window_attention_def(),
  });
  // clang-format on
  return list;
}

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// A token grid with zeros added at the bottom and on the right.
/// Shapes: x [B, H, W, C], height >= H, width >= W; y [B, height, width, C]. Dtypes f64, f32,
/// bf16. Saves nothing. Throws shape_mismatch.
Variable pad_grid(const Variable& x, int64_t height, int64_t width);

/// The upper left part of a token grid: the inverse of pad_grid. height <= H, width <= W.
Variable crop_grid(const Variable& x, int64_t height, int64_t width);

/// Sampled with grids that gain a row and a column, and with no image.
const OpDef& pad_grid_def();
/// Sampled with grids that lose a row and a column, and with no image.
const OpDef& crop_grid_def();

}  // namespace arno::ops

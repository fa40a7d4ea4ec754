// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/autograd/variable.h"
#include "ops/core/op_def.h"

namespace arno::ops {

/// How conv2d slides its window; the same in both directions.
struct Conv2dOptions {
  int64_t stride = 1;   ///< pixels, >= 1
  int64_t padding = 0;  ///< zeros around the image, in pixels, >= 0
};

/// Slides a window over images.
///     y[b, i, j, o] = bias[o] + sum_{c, u, v} x[b, i s + u - p, j s + v - p, c] weight[o, c, u, v]
/// with s the stride, p the padding and x zero outside.
/// Shapes: x [B, H, W, C], weight [O, C, kh, kw], bias [O] or undefined; y [B, Ho, Wo, O] with
/// Ho = (H + 2 p - kh) / s + 1, rounded down. B may be 0.
/// Dtypes: x f64, f32 or bf16; y as x. weight and bias f32 or as x; the weight is rounded to x's
/// dtype. Sums in f32 (f64 for f64); gradients of weight and bias are made in f32.
/// y never aliases x. Saves x and the rounded weight. grad_x is not computed when x needs none.
/// Throws shape_mismatch, dtype_mismatch, invalid_argument for a bad option.
Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias,
                Conv2dOptions options = {});

/// Sampled with the stem, a merge, a 1x1 window and no image.
const OpDef& conv2d_def();

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/core/tensor.h"

namespace arno::florence {

/// A table of relative position biases for another window: [(2w-1)^2, heads] ->
/// [(2*new_window-1)^2, heads], bicubic in each head (a = -0.75, edges repeated, corners not
/// aligned), as Swin's loader does it. f32. Throws shape_mismatch when the table is not square.
ops::Tensor resize_relative_table(const ops::Tensor& table, int64_t new_window);

/// The window of a table [(2w-1)^2, heads].
int64_t window_of_table(const ops::Shape& shape);

}  // namespace arno::florence

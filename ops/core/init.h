// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/random.h"
#include "ops/core/tensor.h"

namespace arno::ops {

// Element i is drawn from the stream key.child(i), so that values depend neither on the number of
// threads nor on the other elements.

/// Fills an f32 tensor from a normal distribution of mean 0, drawn anew where it is beyond +-2.
/// Throws invalid_argument unless 0 <= std <= 2, dtype_mismatch for another dtype.
void fill_trunc_normal(Tensor& tensor, double std, RandomKey key);

/// Fills an f32 tensor uniformly within [low, high].
void fill_uniform(Tensor& tensor, double low, double high, RandomKey key);

/// Fills an f32 tensor uniformly within +-1/sqrt(fan_in) (He et al. 2015 with a = sqrt(5)).
/// Throws invalid_argument unless fan_in >= 1.
void fill_kaiming_uniform(Tensor& tensor, int64_t fan_in, RandomKey key);

}  // namespace arno::ops

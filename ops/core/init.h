// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/random.h"
#include "ops/core/tensor.h"

namespace arno::ops {

/// Fills an f32 tensor from a normal distribution of mean 0, drawn anew where it is beyond +-2.
void fill_trunc_normal(Tensor& tensor, double std, RandomKey key);

/// Fills an f32 tensor uniformly within +-1/sqrt(fan_in) (He et al. 2015 with a = sqrt(5)).
void fill_kaiming_uniform(Tensor& tensor, int64_t fan_in, RandomKey key);

}  // namespace arno::ops

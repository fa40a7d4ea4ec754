// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "common/random.h"
#include "ops/core/tensor.h"

namespace arno::florence {

/// Stochastic depth (Huang et al. 2016) with a key for every sample: what is dropped depends on
/// the sample alone, so a second forward, another micro-batch or another replica drops the same.
class DropPath {
 public:
  /// Drops nothing: evaluation.
  DropPath() = default;
  /// `keys`: one for each sample of the batch, in its order; must outlive this object.
  explicit DropPath(std::span<const RandomKey> keys) : keys_(keys) {}

  /// The factor of each sample's branch, f32 [B]: 0 with probability `rate`, else 1/(1-rate).
  /// Undefined (every factor 1) when nothing can be dropped. `branch` numbers the branches.
  ops::Tensor scale(double rate, uint64_t branch) const;

 private:
  std::span<const RandomKey> keys_;
};

}  // namespace arno::florence

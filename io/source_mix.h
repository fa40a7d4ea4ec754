// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "common/random.h"

namespace arno::io {

/// Deals slots out to weighted sources in a fixed pseudo-random pattern of kCycle slots, which
/// holds each source in exact proportion (largest remainders). Finds any slot at once.
class SourceMix {
 public:
  static constexpr uint64_t kCycle = 4096;

  struct Place {
    uint32_t source = 0;
    uint64_t position = 0;  ///< how many earlier slots the source had
  };

  /// Weights >= 0, at least one > 0; a source of weight > 0 gets at least one slot of a cycle.
  /// Throws invalid_argument.
  SourceMix(const std::vector<double>& weights, RandomKey key);

  Place at(uint64_t slot) const;
  /// How many of the first `slots` slots a source has.
  uint64_t count_before(uint64_t slots, uint32_t source) const;
  /// Slots of a source in each cycle.
  uint64_t share(uint32_t source) const { return counts_[source]; }

 private:
  std::vector<uint64_t> counts_;
  std::vector<uint32_t> source_;  ///< by place in the cycle
  std::vector<uint32_t> rank_;    ///< how many earlier places of the cycle have the same source
};

}  // namespace arno::io

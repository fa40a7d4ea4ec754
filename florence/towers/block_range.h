// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

namespace arno::florence {

/// Blocks [first, end) of a tower; by default all.
struct BlockRange {
  int64_t first = 0;
  int64_t end = std::numeric_limits<int64_t>::max();

  bool contains(int64_t block) const { return block >= first && block < end; }
};

}  // namespace arno::florence

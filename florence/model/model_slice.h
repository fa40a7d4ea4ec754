// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "florence/towers/block_range.h"

namespace arno::florence {

enum class Tower { image, text };

/// What one shard of a pipeline owns of a model; by default all of it. Blocks are numbered through
/// a tower; what leads to a block (stem, merge, token table) belongs to the slice with the block.
struct ModelSlice {
  BlockRange image;
  BlockRange text;
  /// The final norms, poolings, projections and the temperature are in it.
  bool top = true;

  bool is_whole() const { return image.first == 0 && text.first == 0 && top; }
};

}  // namespace arno::florence

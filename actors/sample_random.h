// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/random.h"

namespace arno::actors {

/// What a sample's key is used for. Each use has a child key of its own, so that no draw depends
/// on another one.
enum class Draw : uint64_t { crop, augment, prompt, drop_path };

inline RandomKey key_for(RandomKey sample, Draw draw) {
  return sample.child(static_cast<uint64_t>(draw));
}

}  // namespace arno::actors

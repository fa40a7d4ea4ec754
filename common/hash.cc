// SPDX-License-Identifier: Apache-2.0
#include "common/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace arno {

std::string Hash128::to_string() const { return fmt::format("{:016x}{:016x}", high, low); }

Hash128 hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {.high = hash.high64, .low = hash.low64};
}

uint64_t hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace arno

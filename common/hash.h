// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace arno {

/// A 128-bit hash. Wide enough to tell 9e8 texts apart (chance of a collision 1e-21).
struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;

  auto operator<=>(const Hash128&) const = default;

  /// 32 lower-case hexadecimal digits.
  std::string to_string() const;
};

/// XXH3-128 of the bytes; the same on every machine.
Hash128 hash128(std::string_view bytes);

/// XXH3-64 of the bytes; the same on every machine.
uint64_t hash64(std::string_view bytes, uint64_t seed = 0);

}  // namespace arno

template <>
struct std::hash<arno::Hash128> {
  size_t operator()(const arno::Hash128& value) const noexcept { return value.low; }
};

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "common/shared_bytes.h"

namespace arno::fuzz {

/// Cuts fuzzed bytes into parts: each begins with its length as u16, little-endian, and may be cut
/// short by the end. Every part has memory of its own, so that reading beyond it is seen.
inline std::vector<SharedBytes> foreign_parts(const uint8_t* data, size_t size) {
  std::vector<SharedBytes> out;
  while (size >= 2) {
    const size_t wanted = data[0] + 256U * data[1];
    const size_t length = wanted < size - 2 ? wanted : size - 2;
    const auto* begin = reinterpret_cast<const std::byte*>(data + 2);
    out.push_back(SharedBytes::of(std::vector<std::byte>(begin, begin + length)));
    data += 2 + length;
    size -= 2 + length;
  }
  return out;
}

}  // namespace arno::fuzz

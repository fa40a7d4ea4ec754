// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace arno {

/// Seconds since 1970, with fractions: for people and dashboards. Nothing depends on it.
inline double wall_clock() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace arno

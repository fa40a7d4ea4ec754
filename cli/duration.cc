// SPDX-License-Identifier: Apache-2.0
#include "cli/duration.h"

#include <fmt/format.h>

#include <cstdint>

namespace arno::cli {
namespace {

constexpr double kLongest_s = 366 * 86400.0;

}  // namespace

std::string duration(double seconds) {
  if (!(seconds >= 0 && seconds <= kLongest_s)) return "-";
  const auto total = static_cast<int64_t>(seconds + 0.5);
  if (total >= 3600) return fmt::format("{}h {:02}min", total / 3600, total % 3600 / 60);
  return total >= 60 ? fmt::format("{}min {:02}s", total / 60, total % 60)
                     : fmt::format("{}s", total);
}

}  // namespace arno::cli

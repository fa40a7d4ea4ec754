// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace arno::cli {

/// "41s", "6min 41s", "3h 05min"; "-" for what is no time to wait: not finite, negative, or more
/// than a year.
std::string duration(double seconds);

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace arno::bench {

/// Seconds to send `items` messages of two numbers from one typed CAF actor to another on one
/// worker, with nothing around them but a bound: after each `window` messages the consumer sends
/// one back, and the producer goes on. Throws arno::Error when one is lost.
double seconds_of_bare_caf(int64_t items, int64_t window);

}  // namespace arno::bench

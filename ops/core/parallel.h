// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace arno::ops {

/// Calls body(begin, end) on parts of [0, n) from the OpenMP team of the calling thread, the same
/// that oneDNN uses. Parts depend on n, grain and the team's size alone, so a run repeats.
/// `grain`: the least work worth a part. The body must not throw.
template <class Body>
void parallel_for(int64_t n, int64_t grain, Body&& body) {
  const int64_t parts = std::min<int64_t>(omp_get_max_threads(),
                                          std::max<int64_t>(1, n / std::max<int64_t>(grain, 1)));
  if (parts <= 1) {
    if (n > 0) body(int64_t{0}, n);
    return;
  }
#pragma omp parallel for num_threads(static_cast <int>(parts)) schedule(static, 1)
  for (int64_t part = 0; part < parts; ++part) {
    body(n * part / parts, n * (part + 1) / parts);
  }
}

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#include "common/memory.h"

#include <malloc.h>

namespace arno {

void keep_freed_memory() {
  constexpr int kFromHeap = 32 << 20;
  constexpr int kKept = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, kFromHeap);
  mallopt(M_TRIM_THRESHOLD, kKept);
}

}  // namespace arno

// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace arno {

/// From now on memory that is freed is kept for what is allocated next, in place of pages that the
/// system has to clear for each item: blocks up to 32 MiB come from the heap, which gives back what
/// is free at its end only above 64 MiB. glibc comes to the same limits by itself once a block of
/// 32 MiB was freed, but not where all are small. For the beginning of a program.
void keep_freed_memory();

}  // namespace arno

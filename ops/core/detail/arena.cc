// SPDX-License-Identifier: Apache-2.0
#include "ops/core/detail/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "common/error.h"

namespace arno::ops::detail {
namespace {

constexpr size_t kGrowth = size_t{64} << 20;

/// Twice the machine's memory: places that are free between blocks take addresses, too.
size_t addresses() {
  const auto memory =
      static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (2 * memory + kGrowth - 1) / kGrowth * kGrowth;
}

}  // namespace

Arena::Arena() : reserved_(addresses()) {
  // One growth more, so that the start can be aligned to huge pages.
  void* range = mmap(nullptr, reserved_ + kGrowth, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ARNO_CHECK(range != MAP_FAILED, Errc::out_of_memory,
             "[allocator] {} bytes of addresses could not be reserved", reserved_ + kGrowth);
  const size_t offset = reinterpret_cast<size_t>(range) % kGrowth;
  base_ = static_cast<std::byte*>(range);
  if (offset > 0) {
    munmap(base_, kGrowth - offset);
    base_ += kGrowth - offset;
    munmap(base_ + reserved_, offset);
  } else {
    munmap(base_ + reserved_, kGrowth);
  }
}

Arena::~Arena() { munmap(base_, reserved_); }

std::byte* Arena::take(size_t size) {
  const auto fits =
      std::ranges::find_if(free_, [size](const auto& place) { return place.second >= size; });
  if (fits != free_.end()) {
    const auto [start, room] = *fits;
    free_.erase(fits);
    if (room > size) free_.emplace(start + size, room - size);
    idle_ -= std::min(idle_, size);
    return base_ + start;
  }
  // Nothing fits: a free place at the end is the start of the new block.
  size_t start = end_;
  if (!free_.empty() && std::prev(free_.end())->first + std::prev(free_.end())->second == end_) {
    start = std::prev(free_.end())->first;
  }
  grow(start + size);
  if (start < end_) {
    idle_ -= std::min(idle_, end_ - start);
    free_.erase(start);
  }
  end_ = start + size;
  return base_ + start;
}

void Arena::give_back(std::byte* block, size_t size) {
  idle_ += size;
  add_free(static_cast<size_t>(block - base_), size);
}

void Arena::release() {
  for (const auto& [start, size] : free_) madvise(base_ + start, size, MADV_DONTNEED);
  idle_ = 0;
}

void Arena::grow(size_t end) {
  if (end <= committed_) return;
  const size_t wanted = (end + kGrowth - 1) / kGrowth * kGrowth;
  ARNO_CHECK(wanted <= reserved_ &&
                 mprotect(base_ + committed_, wanted - committed_, PROT_READ | PROT_WRITE) == 0,
             Errc::out_of_memory, "[allocator] {} bytes could not be had", wanted - committed_);
  // Fewer page faults, and fewer misses when rows are read far apart.
  madvise(base_ + committed_, wanted - committed_, MADV_HUGEPAGE);
  committed_ = wanted;
  ++growths_;
}

void Arena::add_free(size_t start, size_t size) {
  auto after = free_.lower_bound(start);
  if (after != free_.end() && start + size == after->first) {
    size += after->second;
    after = free_.erase(after);
  }
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == start) {
      before->second += size;
      return;
    }
  }
  free_.emplace(start, size);
}

}  // namespace arno::ops::detail

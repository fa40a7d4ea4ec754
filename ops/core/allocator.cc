// SPDX-License-Identifier: Apache-2.0
#include "ops/core/allocator.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "common/error.h"
#include "ops/core/detail/arena.h"

namespace arno::ops {
namespace {

constexpr size_t kAlignment = 64;
/// From this size on, blocks come from the arena.
constexpr size_t kLarge = size_t{1} << 20;

/// Eight classes to each power of two: at most 12.5 % is wasted.
size_t size_class(size_t bytes) {
  bytes = std::max(bytes, kAlignment);
  const size_t step = std::max(kAlignment, std::bit_floor(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

size_t block_size(size_t bytes) {
  if (bytes < kLarge) return size_class(bytes);
  return (bytes + detail::Arena::kGranule - 1) / detail::Arena::kGranule * detail::Arena::kGranule;
}

class CpuAllocator final : public Allocator {
 public:
  ~CpuAllocator() override { release_cache(); }

  Block allocate(size_t bytes) override {
    const Taken taken = take(block_size(bytes));
    return Block(taken.memory,
                 [this, size = taken.size](std::byte* memory) { give_back(memory, size); });
  }

  AllocatorStats stats() const override {
    const std::scoped_lock lock(mutex_);
    AllocatorStats out = stats_;
    out.cached += arena_.idle();
    out.system_requests += arena_.growths();
    return out;
  }

  void reset_peak() override {
    const std::scoped_lock lock(mutex_);
    stats_.peak_in_use = stats_.in_use;
  }

  void release_cache() override {
    const std::scoped_lock lock(mutex_);
    for (auto& [size, blocks] : free_) {
      for (std::byte* memory : blocks) std::free(memory);
    }
    free_.clear();
    stats_.cached = 0;
    arena_.release();
  }

 private:
  struct Taken {
    std::byte* memory;
    size_t size;  ///< of the block, which may be of a larger class than asked for
  };

  Taken take(size_t size) {
    const std::scoped_lock lock(mutex_);
    const Taken taken = size >= kLarge ? Taken{arena_.take(size), size} : take_small(size);
    stats_.in_use += taken.size;
    stats_.peak_in_use = std::max(stats_.peak_in_use, stats_.in_use);
    return taken;
  }

  Taken take_small(size_t size) {
    const Taken cached = take_cached(size);
    if (cached.memory) return cached;
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, size));
    ARNO_CHECK(memory, Errc::out_of_memory, "[allocator] {} bytes could not be had", size);
    ++stats_.system_requests;
    return {memory, size};
  }

  /// A cached block of the class, or of one up to a quarter larger: packed texts differ in length
  /// from step to step, and each length would otherwise keep blocks of its own.
  Taken take_cached(size_t size) {
    for (auto found = free_.lower_bound(size);
         found != free_.end() && found->first <= size + size / 4; ++found) {
      if (found->second.empty()) continue;
      std::byte* memory = found->second.back();
      found->second.pop_back();
      stats_.cached -= found->first;
      return {memory, found->first};
    }
    return {nullptr, 0};
  }

  void give_back(std::byte* memory, size_t size) {
    const std::scoped_lock lock(mutex_);
    stats_.in_use -= size;
    if (size >= kLarge) {
      arena_.give_back(memory, size);
    } else {
      free_[size].push_back(memory);
      stats_.cached += size;
    }
  }

  mutable std::mutex mutex_;
  detail::Arena arena_;
  std::map<size_t, std::vector<std::byte*>> free_;
  AllocatorStats stats_;
};

}  // namespace

Allocator& allocator(Device device) {
  ARNO_CHECK(device.kind == DeviceKind::cpu, Errc::unsupported,
             "[allocator] this build has no CUDA devices");
  // Never destroyed: tensors in static storage may outlive every other object.
  static auto& instance = *new CpuAllocator;
  return instance;
}

}  // namespace arno::ops

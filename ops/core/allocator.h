// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "ops/core/device.h"

namespace arno::ops {

/// What an allocator holds, in bytes.
struct AllocatorStats {
  size_t in_use = 0;           ///< handed out and not yet given back
  size_t peak_in_use = 0;      ///< the most that was ever in use at once
  size_t cached = 0;           ///< given back and kept for the next request
  size_t system_requests = 0;  ///< how often the system was asked for memory
};

/// A block of memory, 64-byte aligned, that returns to its allocator when the last owner goes.
using Block = std::shared_ptr<std::byte>;

/// A caching allocator: blocks come in size classes and are kept when they are given back, so
/// that a step after the first asks the system for nothing. Thread-safe; one per device kind.
class Allocator {
 public:
  virtual ~Allocator() = default;
  /// A block of at least `bytes`, not initialised. Throws out_of_memory.
  virtual Block allocate(size_t bytes) = 0;
  virtual AllocatorStats stats() const = 0;
  /// Forgets the peak.
  virtual void reset_peak() = 0;
  /// Returns every cached block to the system.
  virtual void release_cache() = 0;
};

/// The allocator of a device. Throws unsupported for a device that this build does not have.
Allocator& allocator(Device device);

}  // namespace arno::ops

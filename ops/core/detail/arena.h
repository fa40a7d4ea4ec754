// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>

namespace arno::ops::detail {

/// Large blocks in one range of addresses. Neighbours that are given back become one block again,
/// so that memory of one size serves every other: the stages of a model need blocks of different
/// sizes one after the other. Always takes the lowest place that fits, so that a step that repeats
/// finds the same places. Not thread-safe.
class Arena {
 public:
  /// Sizes are multiples of it.
  static constexpr size_t kGranule = size_t{64} << 10;

  /// Reserves addresses and no memory. Throws out_of_memory.
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// A block of `size` bytes, not initialised, aligned to the granule. Throws out_of_memory.
  std::byte* take(size_t size);
  void give_back(std::byte* block, size_t size);
  /// Returns the memory of all free places to the system.
  void release();

  /// Bytes of free places that may hold memory.
  size_t idle() const { return idle_; }
  /// How often the system was asked for more memory.
  size_t growths() const { return growths_; }

 private:
  void grow(size_t end);
  void add_free(size_t start, size_t size);

  std::byte* base_ = nullptr;
  size_t reserved_ = 0;
  size_t end_ = 0;        ///< of the part that was ever used
  size_t committed_ = 0;  ///< readable and writable up to here
  size_t idle_ = 0;
  size_t growths_ = 0;
  std::map<size_t, size_t> free_;  ///< start -> size, below end_; no two touch
};

}  // namespace arno::ops::detail

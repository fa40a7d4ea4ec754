// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/error.h"

namespace arno::io::detail {

/// A sequence of bits that finds its k-th one in O(log n). 1.125 bits each.
class BitRank {
 public:
  void push_back(bool bit) {
    if (size_ % kBlockBits == 0) ones_before_.push_back(count_);
    if (size_ % kWordBits == 0) words_.push_back(0);
    words_.back() |= static_cast<uint64_t>(bit) << size_ % kWordBits;
    count_ += bit ? 1 : 0;
    ++size_;
  }

  uint64_t size() const { return size_; }
  /// Bits that are one.
  uint64_t count() const { return count_; }

  /// The place of the k-th one, k from 0. Throws invalid_argument unless k < count().
  uint64_t select(uint64_t k) const {
    ARNO_CHECK(k < count_, Errc::invalid_argument, "[bit_rank] one {} of {}", k, count_);
    const auto block = std::prev(std::ranges::upper_bound(ones_before_, k));
    uint64_t rest = k - *block;
    auto word = static_cast<size_t>(block - ones_before_.begin()) * (kBlockBits / kWordBits);
    for (; rest >= ones(words_[word]); ++word) rest -= ones(words_[word]);
    uint64_t bits = words_[word];
    for (; rest > 0; --rest) bits &= bits - 1;
    return word * kWordBits + static_cast<uint64_t>(std::countr_zero(bits));
  }

 private:
  static constexpr uint64_t kWordBits = 64;
  static constexpr uint64_t kBlockBits = 512;

  static uint64_t ones(uint64_t word) { return static_cast<uint64_t>(std::popcount(word)); }

  std::vector<uint64_t> words_;
  std::vector<uint64_t> ones_before_;  ///< of each block
  uint64_t size_ = 0;
  uint64_t count_ = 0;
};

}  // namespace arno::io::detail

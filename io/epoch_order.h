// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "common/random.h"

namespace arno::io {

/// A pseudo-random permutation of [0, n) without a table: a Feistel network over the next power of
/// four, walked until it lands inside (Black and Rogaway 2002).
class Permutation {
 public:
  Permutation(uint64_t n, RandomKey key);

  /// The image of i; i < n.
  uint64_t operator()(uint64_t i) const;

 private:
  uint64_t encrypt(uint64_t value) const;

  uint64_t n_;
  int half_bits_;
  RandomKey key_;
};

/// The order of the samples of a source, another one in each epoch: blocks of consecutive samples
/// are permuted, then samples inside groups of such blocks, so that reads stay close together. No
/// state and no buffer: any place of any epoch is found at once.
class EpochOrder {
 public:
  /// `block`: consecutive samples; `group`: samples that are mixed, >= block, the rest of the
  /// source with the last group. A source of less than two groups is mixed as a whole.
  EpochOrder(uint64_t n, RandomKey key, uint64_t block = 256, uint64_t group = 65536);

  /// The sample at place `position` < n of an epoch; each occurs once.
  uint64_t at(uint64_t epoch, uint64_t position) const;
  uint64_t size() const { return n_; }

 private:
  uint64_t n_;
  RandomKey key_;
  uint64_t block_;
  uint64_t group_;
};

}  // namespace arno::io

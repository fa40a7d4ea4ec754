// SPDX-License-Identifier: Apache-2.0
#include "io/epoch_order.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/error.h"

namespace arno::io {
namespace {

constexpr int kRounds = 6;

// Children of an epoch's key; groups have those from kFirstGroup on.
constexpr uint64_t kBlocks = 0;
constexpr uint64_t kFirstGroup = 1;

}  // namespace

Permutation::Permutation(uint64_t n, RandomKey key)
    : n_(n),
      half_bits_(std::max(1, (static_cast<int>(std::bit_width(n > 0 ? n - 1 : 0)) + 1) / 2)),
      key_(key) {}

uint64_t Permutation::encrypt(uint64_t value) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = value >> half_bits_, right = value & mask;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t mixed = mix64(key_.child(round).value() ^ right) & mask;
    left = std::exchange(right, left ^ mixed);
  }
  return left << half_bits_ | right;
}

uint64_t Permutation::operator()(uint64_t i) const {
  ARNO_CHECK(i < n_, Errc::invalid_argument, "[permutation] index {} of {}", i, n_);
  do {
    i = encrypt(i);
  } while (i >= n_);
  return i;
}

EpochOrder::EpochOrder(uint64_t n, RandomKey key, uint64_t block, uint64_t group)
    : n_(n), key_(key), block_(block), group_(group) {
  ARNO_CHECK(block >= 1 && group >= block, Errc::invalid_argument,
             "[epoch_order] block {} and group {}, expected 1 <= block <= group", block, group);
  group_ -= group_ % block;
}

uint64_t EpochOrder::at(uint64_t epoch, uint64_t position) const {
  ARNO_CHECK(position < n_, Errc::invalid_argument, "[epoch_order] position {} of {}", position,
             n_);
  const RandomKey key = key_.child(epoch);
  // The last group takes the rest: alone, a small rest would be the same samples in each epoch.
  const uint64_t last_group = std::max<uint64_t>(n_ / group_, 1) - 1;
  const uint64_t group = std::min(position / group_, last_group);
  const uint64_t group_start = group * group_;
  const uint64_t group_size = group == last_group ? n_ - group_start : group_;
  const uint64_t mixed =
      group_start + Permutation(group_size, key.child(kFirstGroup + group))(position - group_start);
  // The incomplete last block, if there is one, stays last, so that all others have one size.
  const uint64_t whole_blocks = n_ / block_;
  const uint64_t block = mixed / block_;
  if (block >= whole_blocks) return mixed;
  return Permutation(whole_blocks, key.child(kBlocks))(block) * block_ + mixed % block_;
}

}  // namespace arno::io

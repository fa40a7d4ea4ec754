// SPDX-License-Identifier: Apache-2.0
#include "ops/core/detail/arena.h"

#include <gtest/gtest.h>

#include <cstring>

#include "common/error.h"

namespace arno::ops::detail {
namespace {

constexpr size_t kSize = 4 * Arena::kGranule;

TEST(ArenaTest, NeighboursThatComeBackServeALargerRequest) {
  Arena arena;
  std::byte* first = arena.take(kSize);
  std::byte* second = arena.take(kSize);
  std::byte* third = arena.take(kSize);
  EXPECT_EQ(second, first + kSize);

  arena.give_back(first, kSize);
  arena.give_back(third, kSize);
  arena.give_back(second, kSize);

  EXPECT_EQ(arena.idle(), 3 * kSize);
  EXPECT_EQ(arena.take(3 * kSize), first);
  EXPECT_EQ(arena.idle(), 0u);
}

TEST(ArenaTest, TakesTheLowestPlaceThatFits) {
  Arena arena;
  std::byte* first = arena.take(kSize);
  arena.take(kSize);
  std::byte* third = arena.take(2 * kSize);
  arena.take(kSize);
  arena.give_back(first, kSize);
  arena.give_back(third, 2 * kSize);

  EXPECT_EQ(arena.take(2 * kSize), third);
  EXPECT_EQ(arena.take(kSize), first);
}

TEST(ArenaTest, AFreePlaceAtTheEndIsTheStartOfALargerBlock) {
  Arena arena;
  arena.take(kSize);
  std::byte* last = arena.take(kSize);
  arena.give_back(last, kSize);

  EXPECT_EQ(arena.take(2 * kSize), last);
  EXPECT_EQ(arena.idle(), 0u);
}

TEST(ArenaTest, AsksTheSystemOnlyForMoreThanItEverHeld) {
  Arena arena;
  std::byte* block = arena.take(kSize);
  std::memset(block, 1, kSize);
  const size_t before = arena.growths();
  EXPECT_EQ(before, 1u);

  arena.give_back(block, kSize);
  block = arena.take(kSize);
  arena.give_back(block, kSize);

  EXPECT_EQ(arena.growths(), before);
}

TEST(ArenaTest, MemoryGivenToTheSystemCanBeTakenAgain) {
  Arena arena;
  std::byte* block = arena.take(kSize);
  std::memset(block, 1, kSize);
  arena.give_back(block, kSize);

  arena.release();

  EXPECT_EQ(arena.idle(), 0u);
  block = arena.take(kSize);
  EXPECT_EQ(block[kSize - 1], std::byte{0});
}

TEST(ArenaTest, RefusesMoreThanTheAddressesItReserved) {
  Arena arena;

  EXPECT_THROW(arena.take(size_t{1} << 60), Error);
}

}  // namespace
}  // namespace arno::ops::detail

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "common/error.h"
#include "io/epoch_order.h"
#include "io/source_mix.h"

namespace arno::io {
namespace {

/// Whether f maps [0, n) onto itself.
template <class Function>
bool is_bijection(uint64_t n, Function f) {
  std::vector<bool> seen(n);
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t image = f(i);
    if (image >= n || seen[image]) return false;
    seen[image] = true;
  }
  return true;
}

TEST(PermutationTest, IsABijectionForEverySize) {
  for (uint64_t n = 0; n <= 2000; ++n) {
    ASSERT_TRUE(is_bijection(n, Permutation(n, RandomKey(n)))) << n;
  }
}

TEST(PermutationTest, StaysInsideHugeRangesWithoutRepeating) {
  for (const uint64_t n :
       {uint64_t{1'000'000'007}, uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    const Permutation permutation(n, RandomKey(1));
    std::vector<uint64_t> images;
    for (uint64_t i = 0; i < 1000; ++i) images.push_back(permutation(i));
    std::ranges::sort(images);
    EXPECT_LT(images.back(), n);
    EXPECT_EQ(std::ranges::adjacent_find(images), images.end());
  }
}

TEST(PermutationTest, RefusesWhatIsOutside) {
  EXPECT_THROW(Permutation(0, RandomKey(1))(0), Error);
  EXPECT_THROW(Permutation(5, RandomKey(1))(5), Error);
}

TEST(PermutationTest, SendsEachPlaceEverywhereAlike) {
  constexpr uint64_t kSize = 10;
  constexpr int kKeys = 20000;
  for (const uint64_t place : {0, 3, 9}) {
    std::vector<int> count(kSize);
    for (int key = 0; key < kKeys; ++key) {
      ++count[Permutation(kSize, RandomKey(7).child(key))(place)];
    }
    // Chi-square of 9 degrees of freedom is above 34 once in 10,000 times.
    double chi2 = 0;
    for (const int c : count) chi2 += std::pow(c - kKeys / 10.0, 2) / (kKeys / 10.0);
    EXPECT_LT(chi2, 34) << "place " << place;
  }
}

TEST(EpochOrderTest, VisitsEverySampleOnceInEachEpoch) {
  for (const uint64_t n : {1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 129, 1000, 4099}) {
    for (const auto& [block, group] : {std::pair{8, 64}, {1, 1}, {5, 17}, {256, 65536}}) {
      const EpochOrder order(n, RandomKey(3), block, group);
      for (const uint64_t epoch : {0, 1, 1000000}) {
        ASSERT_TRUE(is_bijection(n, [&](uint64_t i) { return order.at(epoch, i); }))
            << n << " block " << block << " group " << group;
      }
    }
  }
}

TEST(EpochOrderTest, EpochsAndSeedsDiffer) {
  const auto sequence = [](uint64_t seed, uint64_t epoch) {
    const EpochOrder order(1000, RandomKey(seed), 16, 128);
    std::vector<uint64_t> out;
    for (uint64_t i = 0; i < 1000; ++i) out.push_back(order.at(epoch, i));
    return out;
  };
  EXPECT_EQ(sequence(1, 0), sequence(1, 0));
  EXPECT_NE(sequence(1, 0), sequence(1, 1));
  EXPECT_NE(sequence(1, 0), sequence(2, 0));
}

TEST(EpochOrderTest, ReadsStayInTheBlocksOfAGroup) {
  constexpr uint64_t kBlock = 16, kGroup = 128;
  const EpochOrder order(10000, RandomKey(5), kBlock, kGroup);
  std::vector<uint64_t> blocks;
  for (uint64_t i = kGroup; i < 2 * kGroup; ++i) blocks.push_back(order.at(0, i) / kBlock);
  std::ranges::sort(blocks);
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  EXPECT_EQ(blocks.size(), kGroup / kBlock);
}

TEST(EpochOrderTest, ASmallRestIsMixedWithTheLastGroup) {
  const EpochOrder order(128 + 3, RandomKey(5), 16, 128);
  std::vector<uint64_t> last;
  for (uint64_t epoch = 0; epoch < 20; ++epoch) last.push_back(order.at(epoch, 130));
  EXPECT_TRUE(std::ranges::any_of(last, [](uint64_t sample) { return sample < 128; }));
}

TEST(EpochOrderTest, RefusesWrongSizes) {
  EXPECT_THROW(EpochOrder(10, RandomKey(1), 0, 10), Error);
  EXPECT_THROW(EpochOrder(10, RandomKey(1), 8, 4), Error);
  EXPECT_THROW(EpochOrder(10, RandomKey(1)).at(0, 10), Error);
}

TEST(SourceMixTest, PositionsCountTheSlotsBefore) {
  const SourceMix mix({3, 0, 1, 0.001}, RandomKey(9));
  std::vector<uint64_t> seen(4);
  for (uint64_t slot = 0; slot < 3 * SourceMix::kCycle; ++slot) {
    const SourceMix::Place place = mix.at(slot);
    ASSERT_EQ(place.position, seen[place.source]++) << slot;
  }
  for (uint32_t source = 0; source < 4; ++source) EXPECT_EQ(seen[source], 3 * mix.share(source));
}

TEST(SourceMixTest, SharesAreTheLargestRemaindersOfTheWeights) {
  const auto shares = [](const std::vector<double>& weights) {
    const SourceMix mix(weights, RandomKey(1));
    std::vector<uint64_t> out;
    for (uint32_t i = 0; i < weights.size(); ++i) out.push_back(mix.share(i));
    return out;
  };
  using Shares = std::vector<uint64_t>;
  EXPECT_EQ(shares({1}), (Shares{4096}));
  EXPECT_EQ(shares({3, 1}), (Shares{3072, 1024}));
  EXPECT_EQ(shares({1, 1, 1}), (Shares{1366, 1365, 1365}));
  EXPECT_EQ(shares({0, 2}), (Shares{0, 4096}));
  EXPECT_EQ(shares({1e-30, 1}), (Shares{1, 4095}));
  EXPECT_EQ(shares({0.9, 4095.1}), (Shares{1, 4095}));
  EXPECT_EQ(shares(std::vector<double>(2048, 0.5)), Shares(2048, 2));
}

TEST(SourceMixTest, SourcesAreSpreadOverTheCycle) {
  const SourceMix mix({1, 1}, RandomKey(11));
  for (uint64_t start = 0; start < SourceMix::kCycle; start += 512) {
    int first = 0;
    for (uint64_t slot = start; slot < start + 512; ++slot) first += mix.at(slot).source == 0;
    // Six standard deviations of a fair draw without replacement.
    EXPECT_NEAR(first, 256, 6 * std::sqrt(512 * 0.25));
  }
}

TEST(SourceMixTest, RefusesWeightsThatDivideNothing) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& weights : {std::vector<double>{},
                                             {0, 0},
                                             {-1, 2},
                                             {std::nan(""), 1},
                                             {inf, 1},
                                             std::vector<double>(3000, 1)}) {
    EXPECT_THROW(SourceMix(weights, RandomKey(1)), Error) << fmt::format("{}", weights.size());
  }
}

}  // namespace
}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "florence/towers/drop_path.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace arno::florence {
namespace {

std::vector<RandomKey> keys_of(size_t count) {
  std::vector<RandomKey> keys;
  for (size_t i = 0; i < count; ++i) keys.push_back(RandomKey(3).child(i));
  return keys;
}

TEST(DropPathTest, DropsTheShareAndKeepsTheMean) {
  const std::vector<RandomKey> keys = keys_of(20000);
  for (const double rate : {0.1, 0.5, 0.9}) {
    const ops::Tensor scale = DropPath(keys).scale(rate, 4);
    const auto factors = scale.data<float>();
    const double dropped = static_cast<double>(std::ranges::count(factors, 0.0F));
    const double kept =
        static_cast<double>(std::ranges::count(factors, static_cast<float>(1 / (1 - rate))));
    EXPECT_EQ(dropped + kept, 20000) << rate;
    EXPECT_NEAR(dropped / 20000, rate, 0.015) << rate;  // four standard deviations
  }
}

TEST(DropPathTest, BranchesAreIndependent) {
  const std::vector<RandomKey> keys = keys_of(20000);
  const ops::Tensor one = DropPath(keys).scale(0.5, 0);
  const ops::Tensor other = DropPath(keys).scale(0.5, 1);
  int both = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    both += one.data<float>()[i] == 0 && other.data<float>()[i] == 0;
  }
  EXPECT_NEAR(both / 20000.0, 0.25, 0.015);
}

TEST(DropPathTest, SampleDropsTheSameInAnyBatch) {
  const std::vector<RandomKey> keys = keys_of(16);
  const ops::Tensor whole = DropPath(keys).scale(0.5, 2);
  const ops::Tensor part = DropPath(std::span(keys).subspan(5, 6)).scale(0.5, 2);
  EXPECT_TRUE(std::ranges::equal(part.data<float>(), whole.narrow(5, 6).data<float>()));
}

TEST(DropPathTest, NothingToDropGivesNoFactors) {
  const std::vector<RandomKey> keys = keys_of(4);
  EXPECT_FALSE(DropPath(keys).scale(0, 2).defined());
  EXPECT_FALSE(DropPath().scale(0.5, 2).defined());
}

}  // namespace
}  // namespace arno::florence

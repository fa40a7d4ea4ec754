// SPDX-License-Identifier: Apache-2.0
#include "graph/credit.h"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>

#include "common/error.h"
#include "common/random.h"

namespace arno::graph {
namespace {

TEST(CreditWindowTest, CountsItemsAndBytes) {
  CreditWindow window(2, 100);

  EXPECT_TRUE(window.admits(60));
  EXPECT_EQ(window.send(60), 1u);
  EXPECT_TRUE(window.admits(40));
  EXPECT_FALSE(window.admits(41));
  EXPECT_EQ(window.send(40), 2u);
  EXPECT_FALSE(window.admits(0));
  EXPECT_EQ(window.free_items(), 0);
}

TEST(CreditWindowTest, LetsAnOversizedItemPassAlone) {
  CreditWindow window(4, 100);

  EXPECT_TRUE(window.admits(1000));
  window.send(1000);
  EXPECT_FALSE(window.admits(1));
  window.acknowledge(1, 1000);
  EXPECT_TRUE(window.admits(1));
}

TEST(CreditWindowTest, IgnoresStaleAcknowledgements) {
  CreditWindow window(4, 100);
  for (int i = 0; i < 3; ++i) window.send(10);

  window.acknowledge(2, 20);
  window.acknowledge(2, 20);
  window.acknowledge(1, 10);

  EXPECT_EQ(window.items_in_flight(), 1);
  EXPECT_EQ(window.bytes_in_flight(), 10);
}

TEST(CreditWindowTest, RefusesAcknowledgementsOfWhatWasNeverSent) {
  CreditWindow window(4, 100);
  window.send(10);
  window.send(10);

  EXPECT_THROW(window.acknowledge(3, 20), Error);
  EXPECT_THROW(window.acknowledge(2, 21), Error);
  window.acknowledge(1, 10);
  EXPECT_THROW(window.acknowledge(2, 9), Error);
}

// The reference keeps the sizes of what is under way in a list.
TEST(CreditWindowTest, MatchesAListUnderRandomSequences) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random{RandomKey(seed)};
    const auto items = static_cast<int64_t>(1 + random.below(8));
    const auto bytes = static_cast<int64_t>(1 + random.below(50));
    CreditWindow window(items, bytes);
    std::deque<int64_t> under_way;
    uint64_t acked_items = 0;
    int64_t acked_bytes = 0;

    for (int step = 0; step < 300; ++step) {
      const auto total = std::accumulate(under_way.begin(), under_way.end(), int64_t{0});
      const auto size = static_cast<int64_t>(random.below(60));
      const bool fits = under_way.empty() ||
                        (static_cast<int64_t>(under_way.size()) < items && total + size <= bytes);
      ASSERT_EQ(window.admits(size), fits) << "seed " << seed << " step " << step;
      ASSERT_EQ(window.items_in_flight(), static_cast<int64_t>(under_way.size()));
      ASSERT_EQ(window.bytes_in_flight(), total);
      if (random.below(2) == 0 && fits) {
        window.send(size);
        under_way.push_back(size);
      } else if (!under_way.empty()) {
        for (uint64_t n = 1 + random.below(under_way.size()); n > 0; --n) {
          ++acked_items;
          acked_bytes += under_way.front();
          under_way.pop_front();
        }
        window.acknowledge(acked_items, acked_bytes);
      }
      if (random.below(4) == 0) window.acknowledge(random.below(acked_items + 1), 0);
    }
  }
}

}  // namespace
}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/graph/lost_node_scenario.h"

namespace arno::graph {
namespace {

TEST(LostNodeTest, EverySlotComesOnceUnderTenThousandSeeds) { lose_nodes_under_seeds(0, 10'000); }

TEST(LostNodeTest, EveryStepIsMadeUnderTenThousandSeeds) { go_back_under_seeds(0, 10'000); }

}  // namespace
}  // namespace arno::graph

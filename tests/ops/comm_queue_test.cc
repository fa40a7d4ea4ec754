// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/comm_queue.h"

#include <gmock/gmock.h>

#include <future>

#include "ops/comm/local_group.h"
#include "tests/support/problem_of.h"

namespace arno::ops {
namespace {

using arno::testing::problem_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CommQueueTest, RunsJobsInTheirOrderWhileTheCallerGoesOn) {
  CommQueue queue(local_group(1)[0]);
  std::promise<void> go;
  std::vector<int> ran;
  queue.submit([&, gate = go.get_future().share()](Communicator&) {
    gate.wait();
    ran.push_back(1);
  });
  const CommQueue::Ticket second = queue.submit([&](Communicator&) { ran.push_back(2); });
  go.set_value();
  queue.wait(second);
  EXPECT_THAT(ran, ElementsAre(1, 2));
  EXPECT_GT(queue.times().busy_s, 0);
}

TEST(CommQueueTest, FirstFailureIsThrownAndEndsTheQueue) {
  CommQueue queue(local_group(1)[0]);
  bool ran_after = false;
  queue.submit([](Communicator&) { fail(Errc::comm_failed, "first"); });
  queue.submit([&](Communicator&) { ran_after = true; });
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { queue.wait_all(); }), HasSubstr("first"));
  EXPECT_THAT(problem_of(Errc::comm_failed, [&] { queue.wait_all(); }), HasSubstr("first"));
  EXPECT_FALSE(ran_after);
}

TEST(CommQueueTest, HiddenShareIsWhatNobodyWaitedFor) {
  EXPECT_EQ(CommTimes{}.hidden(), 1);
  EXPECT_EQ((CommTimes{.busy_s = 2, .waited_s = 0.5}).hidden(), 0.75);
  EXPECT_EQ((CommTimes{.busy_s = 1, .waited_s = 3}).hidden(), 0);
}

}  // namespace
}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/join_node.h"

#include <gmock/gmock.h>

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <condition_variable>
#include <mutex>

#include "common/version.h"
#include "graph/cluster/node_host.h"
#include "tests/support/problem_of.h"

namespace arno::graph {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

/// CAF 0.17 binds a null reference when a function is spawned without an argument.
struct Silent {};

LauncherActor::behavior_type silent_launcher(LauncherActor::pointer, Silent) {
  return {[](const std::string&, const std::string&) {}};
}

class JoinNodeTest : public ::testing::Test {
 protected:
  LauncherActor launcher() { return control_.system().spawn(silent_launcher, Silent{}); }
  static void end(LauncherActor& launcher) {
    caf::anon_send_exit(launcher, caf::exit_reason::user_shutdown);
    launcher = nullptr;
  }
  JoinedNode join(const std::string& address, const std::string& job, const LauncherActor& launcher,
                  JoinLimits limits) {
    return join_node(control_, address, {version(), job, "alpha"}, launcher, limits);
  }

  detail::ControlSystem control_{""};
};

class NodeThatAnswersTest : public JoinNodeTest {
 protected:
  Registry registry_;
  monitoring::MetricRegistry metrics_;
  NodeHost node_{{.name = "alpha"}, registry_, metrics_};
  const std::string& address_ = node_.address();
};

TEST_F(NodeThatAnswersTest, ItsLauncherMayAskAgain) {
  LauncherActor own = launcher();
  const JoinLimits at_once{.other_job = milliseconds(0)};
  EXPECT_THAT(join(address_, "a", own, at_once).reply.payload, HasSubstr("tcp://127.0.0.1:"));
  EXPECT_THAT(join(address_, "a", own, at_once).reply.payload, HasSubstr("tcp://127.0.0.1:"));
  end(own);
}

TEST_F(NodeThatAnswersTest, AnotherLauncherIsRefused) {
  LauncherActor own = launcher();
  LauncherActor other = launcher();
  join(address_, "a", own, {});
  EXPECT_THAT(
      testing::problem_of(Errc::cancelled,
                          [&] { join(address_, "b", other, {.other_job = milliseconds(0)}); }),
      HasSubstr("node alpha: node alpha works for job a already"));
  end(own);
  end(other);
}

TEST_F(NodeThatAnswersTest, AnotherLauncherIsWaitedForUntilTheFirstIsGone) {
  LauncherActor own = launcher();
  LauncherActor other = launcher();
  join(address_, "a", own, {});
  end(own);
  EXPECT_NO_THROW(join(address_, "b", other, {.other_job = hours(1)}));
  end(other);
}

TEST_F(NodeThatAnswersTest, OnlyTheJobItWorksForLetsItGo) {
  LauncherActor own = launcher();
  LauncherActor other = launcher();
  const JoinedNode joined = join(address_, "a", own, {});
  const JoinLimits at_once{.other_job = milliseconds(0)};

  let_go(joined.actor, "b");
  EXPECT_THROW(join(address_, "b", other, at_once), Error);
  let_go(joined.actor, "a");
  EXPECT_NO_THROW(join(address_, "b", other, at_once));
  end(own);
  end(other);
}

/// What a node was asked.
struct Asked {
  std::mutex mutex;
  std::condition_variable changed;
  int joins = 0;
  std::string left;  ///< the job that let it go
};

/// A node that takes a join and never answers.
NodeActor::behavior_type node_that_hangs(NodeActor::pointer self, Asked* asked) {
  return {[=](const std::string&, const caf::strong_actor_ptr&) {
            const std::scoped_lock lock(asked->mutex);
            ++asked->joins;
            return self->make_response_promise<int32_t, std::string>();
          },
          [](const std::string&, const std::string&) {
            return caf::result<int32_t, std::string>(0, "");
          },
          [](int32_t, const std::string&) {},
          [](KeyAtom, const std::string&, const std::string&) {},
          [](BreakAtom, const std::string&) {},
          [=](LeaveAtom, const std::string& job) {
            const std::scoped_lock lock(asked->mutex);
            asked->left = job;
            asked->changed.notify_all();
          },
          [](TellAtom) {}};
}

TEST_F(JoinNodeTest, ANodeThatHangsIsAskedOnceAndLetGo) {
  Asked asked;
  detail::ControlSystem there("");
  NodeActor node = there.system().spawn(node_that_hangs, &asked);
  const std::string address = there.publish(node, "127.0.0.1:0");
  LauncherActor own = launcher();

  EXPECT_THAT(testing::problem_of(Errc::timeout,
                                  [&] { join(address, "a", own, {.answer = milliseconds(50)}); }),
              HasSubstr("node alpha: did not answer in time"));

  std::unique_lock lock(asked.mutex);
  asked.changed.wait(lock, [&] { return !asked.left.empty(); });
  EXPECT_EQ(asked.left, "a");
  EXPECT_EQ(asked.joins, 1);
  caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
  node = nullptr;
  end(own);
}

}  // namespace
}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/replica_groups.h"

#include <gmock/gmock.h>

#include <mutex>
#include <thread>

#include "common/error.h"
#include "tests/support/key_files.h"

namespace arno::graph {
namespace {

using ::testing::HasSubstr;

/// Two processes that tell each other of keys, as the control plane does.
class ReplicaGroupsTest : public ::testing::Test {
 protected:
  void begin(int64_t start, const std::string& payload = "tcp://127.0.0.1:7000",
             const std::string& key = "") {
    for (const int i : {0, 1}) {
      groups_[i] = std::make_unique<ReplicaGroups>(
          start, payload, key, [this, i](const std::string& key, const std::string& value) {
            {
              const std::scoped_lock lock(mutex_);
              keys_.push_back(key);
            }
            groups_[1 - i]->learn(key, value);
          });
    }
  }

  /// What both ranks see of a sum of their numbers, each in a thread of its own.
  std::vector<float> sums() {
    std::vector<float> out(2);
    std::thread other([&] { out[1] = sum(1); });
    out[0] = sum(0);
    other.join();
    return out;
  }
  float sum(int rank) {
    const auto member = groups_[rank]->between_nodes()->join("reduce", rank, 2, {});
    ops::Tensor value = ops::Tensor::full({1}, ops::DType::f32, rank + 1);
    member->all_reduce(value);
    return value.data<float>()[0];
  }

  std::unique_ptr<ReplicaGroups> groups_[2];
  std::mutex mutex_;
  std::vector<std::string> keys_;  ///< both ranks put theirs
};

TEST_F(ReplicaGroupsTest, ReplicasOfTwoProcessesFindEachOther) {
  begin(0);
  EXPECT_EQ(sums(), std::vector<float>({3, 3}));
}

TEST_F(ReplicaGroupsTest, AGroupIsFormedAnewUnderKeysOfItsOwn) {
  begin(0);
  sums();
  const std::vector<std::string> first = std::exchange(keys_, {});
  groups_[0]->abort("rank 1 was lost");

  begin(1);
  EXPECT_EQ(sums(), std::vector<float>({3, 3}));

  ASSERT_FALSE(keys_.empty());
  for (const std::string& key : keys_) EXPECT_EQ(std::ranges::count(first, key), 0) << key;
}

TEST_F(ReplicaGroupsTest, TheEndWakesWhoeverWaitsForAPeer) {
  begin(0);
  std::thread waiting([&] { EXPECT_THROW(sum(0), Error); });  // rank 1 never comes
  groups_[0]->abort("its node was lost");
  waiting.join();

  try {
    groups_[0]->between_nodes()->join("another", 0, 2, {});
    FAIL() << "it was formed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::cancelled);
    EXPECT_THAT(error.what(), HasSubstr("its node was lost"));
  }
}

TEST_F(ReplicaGroupsTest, AMemberThatWaitsForAPeerIsWoken) {
  begin(0);
  std::shared_ptr<ops::Communicator> members[2];
  std::thread other([&] { members[1] = groups_[1]->between_nodes()->join("reduce", 1, 2, {}); });
  members[0] = groups_[0]->between_nodes()->join("reduce", 0, 2, {});
  other.join();

  std::thread waiting([&] { EXPECT_THROW(members[0]->barrier(), Error); });
  groups_[0]->abort("node beta was lost");
  waiting.join();
}

TEST_F(ReplicaGroupsTest, NothingLeavesTheMachineInTheClearUnasked) {
  begin(0, "tcp://10.0.0.2:7000");
  try {
    groups_[0]->between_nodes()->join("reduce", 0, 2, {});
    FAIL() << "it was formed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::config_invalid);
    EXPECT_THAT(error.what(), HasSubstr("plain_network: true"));
  }
}

TEST_F(ReplicaGroupsTest, WithAKeyReplicasFindEachOtherByTls) {
  const arno::testing::KeyFiles key;
  begin(0, "tcp://127.0.0.1:7000", key.folder());
  EXPECT_EQ(sums(), std::vector<float>({3, 3}));
}

TEST_F(ReplicaGroupsTest, WithAKeyReplicasMayLeaveTheMachine) {
  const arno::testing::KeyFiles key;
  begin(0, "tcp://203.0.113.7:7000", key.folder());  // not ours
  try {
    groups_[0]->between_nodes()->join("reduce", 0, 2, {});
    FAIL() << "it was formed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::comm_failed);
    EXPECT_THAT(error.what(), HasSubstr("listening at 203.0.113.7"));
  }
}

TEST_F(ReplicaGroupsTest, ReplicasMeetOnOneInterface) {
  begin(0, "tcp://0.0.0.0:7000");
  try {
    groups_[0]->between_nodes()->join("reduce", 0, 2, {.plain_network = true});
    FAIL() << "it was formed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("expected the address of one interface"));
  }
}

}  // namespace
}  // namespace arno::graph

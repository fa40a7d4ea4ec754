// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/io/zeromq/link_fixture.h"
#include "tests/support/network.h"

// Links between hosts whose network is cut. The peers are alive and might be silent for an hour, so
// only the network can tell.
namespace arno::io {
namespace {

using testing::Host;
using testing::Network;

class LinkOnHostsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = Network::missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
    network_ = std::make_unique<Network>(1);
    near_ = network_->add_host();
    far_ = network_->add_host();
    listener_ = link_on(near_, "listener");
    connector_ = link_on(far_, "connector");
    connector_->link().connect("listener", listener_->address());
    ASSERT_EQ(listener_->events(1)[0].kind, PeerEvent::connected);
    ASSERT_EQ(connector_->events(1)[0].kind, PeerEvent::connected);
  }

  static std::unique_ptr<RecordingLink> link_on(const Host& host, const std::string& name) {
    std::unique_ptr<RecordingLink> out;
    Network::run_on(host, [&] {
      out = std::make_unique<RecordingLink>(name, [&](PayloadLinkOptions& options) {
        options.listen = "tcp://" + host.address + ":*";
        options.cut_limit = std::chrono::milliseconds(400);
        options.silence_limit = std::chrono::hours(1);
        options.linger = std::chrono::milliseconds(0);
      });
    });
    return out;
  }

  std::unique_ptr<Network> network_;
  Host near_;
  Host far_;
  std::unique_ptr<RecordingLink> listener_;
  std::unique_ptr<RecordingLink> connector_;
};

struct Cut {
  std::string name;
  bool from_listener;
  bool from_connector;
  size_t under_way;  ///< bytes that each sends before the cut
};

class CutLinkTest : public LinkOnHostsTest, public ::testing::WithParamInterface<Cut> {};

TEST_P(CutLinkTest, BothEndsNotice) {
  if (GetParam().under_way > 0) {
    network_->set_delay(near_, far_, std::chrono::milliseconds(20));
    listener_->link().send("connector", item(1, {random_bytes(GetParam().under_way, 1)}));
    connector_->link().send("listener", item(1, {random_bytes(GetParam().under_way, 2)}));
  }
  if (GetParam().from_listener) network_->cut_way(near_, far_);
  if (GetParam().from_connector) network_->cut_way(far_, near_);

  EXPECT_EQ(listener_->events(2)[1].kind, PeerEvent::lost);
  EXPECT_EQ(connector_->events(2)[1].kind, PeerEvent::lost);
}

INSTANTIATE_TEST_SUITE_P(Network, CutLinkTest,
                         ::testing::Values(Cut{"BothWays", true, true, 0},
                                           Cut{"FromTheListener", true, false, 0},
                                           Cut{"FromTheConnector", false, true, 0},
                                           Cut{"UnderWay", true, true, size_t{32} << 20}),
                         [](const auto& info) { return info.param.name; });

TEST_F(LinkOnHostsTest, ANodeBehindACutIsNotWaitedFor) {
  listener_ = link_on(near_, "other");
  network_->cut(near_, far_);
  listener_->link().connect("connector", connector_->address());
  EXPECT_EQ(listener_->events(1)[0].kind, PeerEvent::lost);
  EXPECT_EQ(listener_->events(1)[0].text, "cannot be reached");
}

}  // namespace
}  // namespace arno::io

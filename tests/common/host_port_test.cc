// SPDX-License-Identifier: Apache-2.0
#include "common/host_port.h"

#include <gtest/gtest.h>

namespace arno {
namespace {

TEST(TcpAddressTest, HasAHostAndAPort) {
  EXPECT_EQ(parse_tcp_address("tcp://10.0.0.1:7101")->host, "10.0.0.1");
  EXPECT_EQ(parse_tcp_address("tcp://[::1]:7101")->host, "::1");
  EXPECT_EQ(parse_tcp_address("tcp://127.0.0.1:*")->port, 0);
  EXPECT_FALSE(parse_tcp_address("127.0.0.1:7101"));
  EXPECT_FALSE(parse_tcp_address("tcp://127.0.0.1"));
}

TEST(LoopbackTest, IsWhatOnlyThisMachineReaches) {
  for (const char* here : {"localhost", "127.0.0.1", "127.8.0.1", "::1"}) {
    EXPECT_TRUE(is_loopback(here)) << here;
  }
  for (const char* elsewhere : {"10.0.0.1", "0.0.0.0", "127.example.org", ""}) {
    EXPECT_FALSE(is_loopback(elsewhere)) << elsewhere;
  }
}

}  // namespace
}  // namespace arno

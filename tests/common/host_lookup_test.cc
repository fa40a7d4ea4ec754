// SPDX-License-Identifier: Apache-2.0
#include "common/host_lookup.h"

#include <gmock/gmock.h>

#include <future>

namespace arno {
namespace {

using ::testing::IsEmpty;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

HostPort at(const std::string& text) { return *parse_host_port(text); }

HostAddresses no_lookup(const HostPort& at) {
  ADD_FAILURE() << at.host << " was looked up";
  return {};
}

TEST(HostLookupTest, NumericHostsAreNotLookedUp) {
  for (const char* text : {"127.0.0.1:7101", "[::1]:7101"}) {
    const HostAddresses found = addresses_of(at(text), in(std::chrono::hours(1)), no_lookup);
    ASSERT_EQ(found.all.size(), 1u);
    EXPECT_EQ(found.all[0].host, at(text).host);
    EXPECT_EQ(found.all[0].shown_host, at(text).shown_host);
    EXPECT_EQ(found.all[0].port, 7101);
  }
}

TEST(HostLookupTest, NamesHaveNumericAddresses) {
  const HostAddresses found = addresses_of(at("localhost:7101"), in(std::chrono::minutes(1)));
  ASSERT_FALSE(found.all.empty()) << found.problem;
  for (const HostPort& one : found.all) {
    EXPECT_TRUE(is_loopback(one.host)) << one.host;
    EXPECT_EQ(one.port, 7101);
  }
}

TEST(HostLookupTest, ALookupThatHangsIsNotWaitedFor) {
  auto never = std::make_shared<std::promise<void>>();
  const HostAddresses found = addresses_of(
      at("far.example:7101"), in(std::chrono::milliseconds(20)), [never](const HostPort&) {
        never->get_future().wait();
        return HostAddresses{};
      });
  EXPECT_THAT(found.all, IsEmpty());
  EXPECT_EQ(found.problem, "host far.example: its address was not found in time");
  never->set_value();
}

TEST(HostLookupTest, AnUnknownNameIsOneLine) {
  const HostAddresses found = system_lookup({"no such host", "no such host", 7101});
  EXPECT_THAT(found.all, IsEmpty());
  EXPECT_THAT(found.problem, ::testing::StartsWith("host no such host: "));
}

}  // namespace
}  // namespace arno

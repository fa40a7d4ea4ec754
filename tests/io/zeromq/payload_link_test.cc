// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/payload_link.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "io/zeromq/detail/link_mailbox.h"
#include "io/zeromq/detail/socket.h"
#include "tests/io/zeromq/link_fixture.h"
#include "tests/support/problem_of.h"

namespace arno::io {
namespace {

using ::testing::HasSubstr;

/// `from` begins a session with `to`; both have noted it.
void join(RecordingLink& from, RecordingLink& to, const std::string& name) {
  from.link().connect(name, to.address());
  ASSERT_EQ(from.events(1).back().kind, PeerEvent::connected) << from.events(1).back().text;
  ASSERT_EQ(to.events(1).back().kind, PeerEvent::connected);
}

TEST(PayloadLinkTest, SaysWhichPortItGot) {
  RecordingLink a("a");
  EXPECT_THAT(a.address(), ::testing::MatchesRegex("tcp://127.0.0.1:[0-9]+"));
}

TEST(PayloadLinkTest, CarriesBothWaysOverOneConnection) {
  RecordingLink a("a");
  RecordingLink b("b");
  join(a, b, "b");
  const SharedBytes large = random_bytes(3 << 20, 1);
  const SharedBytes small = random_bytes(10, 2);
  EXPECT_TRUE(a.link().send("b", item(1, {small, large, SharedBytes()})));
  const auto there = b.messages(1);
  EXPECT_EQ(there[0].first, "a");
  ASSERT_EQ(there[0].second.parts.size(), 3u);
  EXPECT_TRUE(equal(there[0].second.parts[0], small));
  EXPECT_TRUE(equal(there[0].second.parts[1], large));
  EXPECT_EQ(there[0].second.parts[2].size(), 0u);
  EXPECT_TRUE(b.link().send(
      "a", {.kind = MessageKind::acknowledge, .lane = 0, .number = 1, .bytes = 3 << 20}));
  EXPECT_EQ(a.messages(1)[0].second.number, 1u);
}

TEST(PayloadLinkTest, WhatIsSentBeforeTheHelloArrives) {
  RecordingLink a("a");
  RecordingLink b("b");
  a.link().connect("b", b.address());
  for (uint64_t i = 1; i <= 3; ++i) EXPECT_TRUE(a.link().send("b", item(i)));
  EXPECT_EQ(b.messages(3)[2].second.number, 3u);
}

TEST(PayloadLinkTest, KeepsTheOrderOfTenThousandMessages) {
  constexpr uint64_t kMessages = 10000;
  RecordingLink a("a");
  RecordingLink b("b");
  join(a, b, "b");
  for (uint64_t i = 1; i <= kMessages; ++i) {
    a.link().send("b", item(i, {random_bytes(i % 7 == 0 ? 20000 : 20, i)}));
    b.link().send("a", item(i));
  }
  const auto there = b.messages(kMessages);
  const auto back = a.messages(kMessages);
  for (uint64_t i = 1; i <= kMessages; ++i) {
    ASSERT_EQ(there[i - 1].second.number, i);
    ASSERT_EQ(back[i - 1].second.number, i);
    ASSERT_TRUE(equal(there[i - 1].second.parts[0], random_bytes(i % 7 == 0 ? 20000 : 20, i)));
  }
}

/// An acknowledgement says how much is done in all, so the newest stands for those before it.
TEST(PayloadLinkTest, TheNewestAcknowledgementOfEachLaneArrives) {
  constexpr uint64_t kMessages = 2000;
  RecordingLink a("a");
  RecordingLink b("b");
  join(a, b, "b");
  for (uint64_t i = 1; i <= kMessages; ++i) {
    for (int lane : {0, 1}) {
      a.link().send("b", {.kind = MessageKind::acknowledge, .lane = lane, .number = i});
    }
  }
  a.link().send("b", item(1));

  std::array<uint64_t, 2> last{};
  for (size_t read = 0;; ++read) {
    const Message message = b.messages(read + 1)[read].second;
    if (message.kind == MessageKind::deliver) break;
    uint64_t& before = last.at(static_cast<size_t>(message.lane));
    EXPECT_GT(message.number, before);
    before = message.number;
  }
  EXPECT_EQ(last[0], kMessages);
  EXPECT_EQ(last[1], kMessages);
}

TEST(LinkMailboxTest, AnAcknowledgementReplacesTheOneBeforeItOnItsLane) {
  detail::LinkMailbox mailbox;
  mailbox.add_session("b");
  const auto acknowledge = [&](int lane, const char* text) {
    EXPECT_TRUE(mailbox.acknowledge("b", lane, {detail::part_of(text)}));
  };
  const auto taken = [&] {
    std::string out;
    for (const detail::LinkCommand& command : mailbox.take()) {
      out += detail::text_of(std::get<detail::SendCommand>(command).frames.at(0)) + " ";
    }
    return out;
  };

  acknowledge(0, "zero:1");
  acknowledge(1, "one:1");
  mailbox.send("b", {detail::part_of("item")});
  acknowledge(0, "zero:2");
  EXPECT_EQ(taken(), "zero:2 one:1 item ");
  acknowledge(0, "zero:3");
  EXPECT_EQ(taken(), "zero:3 ");
  EXPECT_FALSE(mailbox.acknowledge("c", 0, {})) << "there is no session";
}

TEST(PayloadLinkTest, TakesMessagesOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr uint64_t kEach = 500;
  RecordingLink a("a");
  RecordingLink b("b");
  join(a, b, "b");
  std::vector<std::thread> threads;
  for (int lane = 0; lane < kThreads; ++lane) {
    threads.emplace_back([&a, lane] {
      for (uint64_t i = 1; i <= kEach; ++i) {
        Message message = item(i);
        message.lane = lane;
        a.link().send("b", std::move(message));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::array<uint64_t, kThreads> last{};
  for (const auto& [peer, message] : b.messages(kThreads * kEach)) {
    EXPECT_EQ(message.number, ++last.at(static_cast<size_t>(message.lane)));
  }
}

TEST(PayloadLinkTest, SharedPartsAreReleased) {
  RecordingLink a("a");
  std::weak_ptr<const void> watched;
  {
    RecordingLink b("b");
    join(a, b, "b");
    const SharedBytes large = random_bytes(1 << 20, 1);
    watched = large.owner();
    a.link().send("b", item(1, {large}));
    b.messages(1);
  }
  a.close();
  EXPECT_TRUE(watched.expired());
}

TEST(PayloadLinkTest, BothMayConnectAtOnce) {
  RecordingLink a("a");
  RecordingLink b("b");
  a.link().connect("b", b.address());
  b.link().connect("a", a.address());
  for (uint64_t i = 1; i <= 100; ++i) {
    a.link().send("b", item(i));
    b.link().send("a", item(i));
  }
  for (uint64_t i = 1; i <= 100; ++i) {
    EXPECT_EQ(b.messages(100)[i - 1].second.number, i);
    EXPECT_EQ(a.messages(100)[i - 1].second.number, i);
  }
  EXPECT_EQ(a.events(1).size(), 1u) << "connected, once";
}

TEST(PayloadLinkTest, EndOfALinkIsALostPeerAfterItsLastMessage) {
  RecordingLink a("a");
  auto b = std::make_unique<RecordingLink>("b");
  join(a, *b, "b");
  for (uint64_t i = 1; i <= 200; ++i) b->link().send("a", item(i, {random_bytes(100000, i)}));
  b.reset();
  const PeerEvent lost = a.events(2)[1];
  EXPECT_EQ(lost.kind, PeerEvent::lost);
  EXPECT_EQ(lost.peer, "b");
  EXPECT_EQ(a.messages(200).size(), 200u);
  EXPECT_FALSE(a.link().send("b", item(1))) << "there is no session any more";
}

TEST(PayloadLinkTest, ConnectorThatEndsIsLostAfterItsLastMessage) {
  RecordingLink a("a");
  auto b = std::make_unique<RecordingLink>("b");
  join(*b, a, "a");
  for (uint64_t i = 1; i <= 200; ++i) b->link().send("a", item(i, {random_bytes(100000, i)}));
  b.reset();
  EXPECT_EQ(a.events(2)[1].kind, PeerEvent::lost);
  EXPECT_EQ(a.messages(200).size(), 200u);
}

TEST(PayloadLinkTest, SessionCanBeginAgain) {
  RecordingLink a("a");
  for (size_t round = 0; round < 3; ++round) {
    RecordingLink b("b");
    a.link().connect("b", b.address());
    EXPECT_EQ(a.events(2 * round + 1).back().kind, PeerEvent::connected);
    a.link().send("b", item(round));
    EXPECT_EQ(b.messages(1)[0].second.number, round);
    b.close();
    EXPECT_EQ(a.events(2 * round + 2).back().kind, PeerEvent::lost);
  }
}

TEST(PayloadLinkTest, DroppedPeerIsToldWhy) {
  RecordingLink a("a");
  RecordingLink b("b");
  join(a, b, "b");
  a.link().drop("b", "missed its heartbeats");
  EXPECT_EQ(a.events(2)[1].kind, PeerEvent::lost);
  const PeerEvent told = b.events(2)[1];
  EXPECT_EQ(told.kind, PeerEvent::lost);
  EXPECT_THAT(told.text, HasSubstr("missed its heartbeats"));
  EXPECT_FALSE(a.link().send("b", item(1)));
}

TEST(PayloadLinkTest, NobodyThereIsReported) {
  std::string address;
  { address = RecordingLink("b").address(); }
  RecordingLink a("a");
  a.link().connect("b", address);
  const PeerEvent lost = a.events(1)[0];
  EXPECT_EQ(lost.kind, PeerEvent::lost);
  EXPECT_EQ(lost.text, "cannot be reached");
  EXPECT_EQ(lost.address, address);
  a.link().connect("b", "nonsense");
  EXPECT_THAT(a.events(2)[1].text, HasSubstr("connecting to nonsense"));
}

TEST(PayloadLinkTest, OtherNamesAndJobsAreRefusedOnBothSides) {
  RecordingLink a("a");
  RecordingLink b("b");
  RecordingLink other("c", [](PayloadLinkOptions& options) { options.job = "other"; });
  a.link().connect("x", b.address());
  EXPECT_EQ(a.events(1)[0].kind, PeerEvent::refused);
  EXPECT_EQ(a.events(1)[0].text, "calls itself b, expected x");
  EXPECT_THAT(b.events(2)[1].text, HasSubstr("calls itself b, expected x"));
  other.link().connect("b", b.address());
  EXPECT_EQ(other.events(1)[0].kind, PeerEvent::refused);
  EXPECT_THAT(other.events(1)[0].text,
              HasSubstr("belongs to the job \"other\", expected \"test\""));
  EXPECT_EQ(b.events(3)[2].kind, PeerEvent::refused);
  EXPECT_EQ(b.events(3)[2].text, "belongs to the job \"other\", expected \"test\"");
}

TEST(PayloadLinkTest, NameThatIsTakenIsRefused) {
  RecordingLink a("a");
  RecordingLink first("b");
  RecordingLink second("b");
  first.link().connect("a", a.address());
  EXPECT_EQ(first.events(1)[0].kind, PeerEvent::connected);
  second.link().connect("a", a.address());
  EXPECT_EQ(second.events(1)[0].kind, PeerEvent::refused);
  EXPECT_THAT(second.events(1)[0].text, HasSubstr("calls itself b, as a node that is connected"));
  first.link().send("a", item(1));
  EXPECT_EQ(a.messages(1)[0].second.number, 1u) << "the first one is not disturbed";
}

TEST(PayloadLinkTest, TooLargePartEndsTheSession) {
  RecordingLink a("a", [](PayloadLinkOptions& options) { options.max_part_bytes = 10000; });
  RecordingLink b("b");
  join(b, a, "a");
  b.link().send("a", item(1, {random_bytes(10001, 1)}));
  EXPECT_EQ(a.events(2)[1].kind, PeerEvent::lost);
  EXPECT_EQ(b.events(2)[1].kind, PeerEvent::lost);
  EXPECT_TRUE(a.messages(0).empty());
}

TEST(PayloadLinkTest, WrongOptionsAreRefused) {
  const auto problem = [](const std::function<void(PayloadLinkOptions&)>& change, Errc code) {
    return testing::problem_of(code, [&] { RecordingLink link("a", change); });
  };
  EXPECT_THAT(problem([](auto& o) { o.node = ""; }, Errc::invalid_argument),
              HasSubstr("a name of 0 bytes"));
  EXPECT_THAT(problem([](auto& o) { o.on_peer = nullptr; }, Errc::invalid_argument),
              HasSubstr("handler"));
  EXPECT_THAT(problem([](auto& o) { o.listen = "tcp://nowhere"; }, Errc::comm_failed),
              HasSubstr("listening at tcp://nowhere"));
  RecordingLink a("a");
  EXPECT_THAT(problem([&](auto& o) { o.listen = a.address(); }, Errc::comm_failed),
              HasSubstr("in use"));
}

}  // namespace
}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "common/random.h"
#include "io/detail/file_descriptor.h"
#include "io/zeromq/detail/socket.h"
#include "tests/io/zeromq/link_fixture.h"

// Peers that have no key, speak another version, or send anything at all. What they do must not
// disturb a good peer.
namespace arno::io {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

const auto with_key = [](const JobKey& key) {
  return [key](PayloadLinkOptions& options) { options.key = key; };
};

std::vector<std::byte> hello_of(const std::string& node) {
  return encode_header({.name = node, .detail = "test"});
}

/// A socket of ZeroMQ that speaks what it likes.
class RawPeer {
 public:
  explicit RawPeer(int type) : context_(16), socket_(context_, type) {
    socket_.set(ZMQ_LINGER, 0);
    socket_.set(ZMQ_RCVTIMEO, 20000);
  }
  detail::ZmqSocket& socket() { return socket_; }
  void send(std::vector<SharedBytes> parts) { detail::send(socket_, parts); }
  void send(std::vector<std::byte> header) { send({SharedBytes::of(std::move(header))}); }
  /// The next message; blocks up to 20 s.
  std::vector<std::string> take() {
    std::vector<std::string> out;
    for (int more = 1; more != 0;) {
      zmq_msg_t part;
      zmq_msg_init(&part);
      if (zmq_msg_recv(&part, socket_.get(), 0) < 0) {
        ADD_FAILURE() << "nothing came";
        return out;
      }
      out.emplace_back(static_cast<const char*>(zmq_msg_data(&part)), zmq_msg_size(&part));
      more = zmq_msg_more(&part);
      zmq_msg_close(&part);
    }
    return out;
  }

 private:
  detail::ZmqContext context_;
  detail::ZmqSocket socket_;
};

Message parsed(const std::string& header) {
  const auto result = parse_message(std::as_bytes(std::span(header)), {});
  if (const auto* fault = std::get_if<FrameFault>(&result)) ADD_FAILURE() << fault->text;
  return std::get<Message>(result);
}

/// A node `a` with a good peer `b`.
class HostilePeerTest : public ::testing::Test {
 protected:
  HostilePeerTest() {
    good_.link().connect("a", node_.address());
    good_.events(1);
    node_.events(1);
  }
  ~HostilePeerTest() override {
    good_.link().send("a", item(99, {random_bytes(100000, 1)}));
    EXPECT_EQ(node_.messages(1).back().second.number, 99u) << "the good peer is not disturbed";
    EXPECT_EQ(good_.events(1).size(), 1u);
  }
  /// The second event of the node.
  PeerEvent refusal() {
    const PeerEvent event = node_.events(2)[1];
    EXPECT_EQ(event.kind, PeerEvent::refused);
    EXPECT_EQ(event.peer, "");
    EXPECT_THAT(event.address, HasSubstr("tcp://127.0.0.1:"));
    return event;
  }

  RecordingLink node_{"a"};
  RecordingLink good_{"b"};
};

TEST_F(HostilePeerTest, OldVersionIsRefusedOnBothSides) {
  RawPeer old(ZMQ_DEALER);
  old.socket().connect(node_.address());
  auto hello = hello_of("old");
  hello[4] = std::byte{0};
  old.send(hello);
  EXPECT_EQ(refusal().text, "speaks version 0 of the payload frames, expected 1");
  const Message answer = parsed(old.take().at(0));
  EXPECT_EQ(answer.kind, MessageKind::refuse);
  EXPECT_EQ(answer.detail, "speaks version 0 of the payload frames, expected 1");
}

TEST_F(HostilePeerTest, OldListenerIsRefusedOnBothSides) {
  RawPeer old(ZMQ_ROUTER);
  old.socket().bind("tcp://127.0.0.1:*");
  node_.link().connect("old", old.socket().endpoint());
  const auto hello = old.take();
  auto answer = hello_of("old");
  answer[4] = std::byte{7};
  old.send({detail::part_of(hello.at(0)), SharedBytes::of(answer)});
  const PeerEvent event = node_.events(2)[1];
  EXPECT_EQ(event.kind, PeerEvent::refused);
  EXPECT_EQ(event.peer, "old");
  EXPECT_EQ(event.text, "speaks version 7 of the payload frames, expected 1");
  EXPECT_EQ(parsed(old.take().at(1)).detail, event.text);
}

TEST_F(HostilePeerTest, DeliveryBeforeHelloIsRefused) {
  RawPeer rude(ZMQ_DEALER);
  rude.socket().connect(node_.address());
  rude.send(encode_header(item(1)));
  EXPECT_EQ(refusal().text, "did not begin with a hello");
  for (int i = 0; i < 100; ++i) rude.send(encode_header(item(1)));
  EXPECT_EQ(parsed(rude.take().at(0)).kind, MessageKind::refuse);
}

TEST_F(HostilePeerTest, MalformedFrameEndsTheSession) {
  RawPeer peer(ZMQ_DEALER);
  peer.socket().connect(node_.address());
  peer.send(hello_of("c"));
  EXPECT_EQ(node_.events(2)[1].kind, PeerEvent::connected);
  peer.take();
  peer.send({SharedBytes::of(encode_header(item(1, {random_bytes(5, 1)}))), random_bytes(4, 1)});
  const PeerEvent lost = node_.events(3)[2];
  EXPECT_EQ(lost.kind, PeerEvent::lost);
  EXPECT_EQ(lost.peer, "c");
  EXPECT_THAT(lost.text, HasSubstr("announces 5 bytes of part 0, 4 came"));
  EXPECT_EQ(parsed(peer.take().at(0)).kind, MessageKind::refuse);
}

TEST_F(HostilePeerTest, MoreThanTheMostPartsEndTheSession) {
  RawPeer peer(ZMQ_DEALER);
  peer.socket().connect(node_.address());
  peer.send(hello_of("c"));
  peer.take();
  peer.send(std::vector<SharedBytes>(kMaxParts + 10));
  EXPECT_THAT(node_.events(3)[2].text, HasSubstr("sent a message of 16386 parts"));
}

TEST_F(HostilePeerTest, RandomMessagesAreRefused) {
  Random random{RandomKey(1)};
  for (size_t round = 0; round < 50; ++round) {
    RawPeer peer(ZMQ_DEALER);
    peer.socket().connect(node_.address());
    auto frame = hello_of("c");
    frame.resize(random.below(frame.size()));
    for (std::byte& byte : frame) {
      if (random.below(8) == 0) byte = static_cast<std::byte>(random.next());
    }
    peer.send({SharedBytes::of(frame), random_bytes(random.below(9), round)});
    EXPECT_EQ(parsed(peer.take().at(0)).kind, MessageKind::refuse);
  }
}

TEST_F(HostilePeerTest, BytesThatAreNotZeroMqAreRefused) {
  const std::string address = node_.address();
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (uint64_t round = 0; round < 20; ++round) {
    const detail::FileDescriptor peer(::socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(::connect(peer.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
    const SharedBytes bytes = random_bytes(500, round);
    ::send(peer.get(), bytes.span().data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(peer.get(), SHUT_WR);
    char sink = 0;
    while (::recv(peer.get(), &sink, 1, 0) > 0) {
    }
  }
  const auto events = node_.events(21);
  for (size_t i = 1; i < events.size(); ++i) EXPECT_EQ(events[i].kind, PeerEvent::refused);
}

TEST_F(HostilePeerTest, SilentListenerIsLost) {
  const detail::FileDescriptor silent(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&where), size), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  ::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&where), &size);
  RecordingLink hasty("c", [](PayloadLinkOptions& options) {
    options.silence_limit = std::chrono::milliseconds(200);
  });
  hasty.link().connect("s", fmt::format("tcp://127.0.0.1:{}", ntohs(where.sin_port)));
  EXPECT_NE(hasty.events(1)[0].kind, PeerEvent::connected);
}

class JobKeyLinkTest : public ::testing::Test {
 protected:
  /// `from` tries to reach `to`: what both say.
  static std::pair<PeerEvent, PeerEvent> refusals(RecordingLink& from, RecordingLink& to) {
    from.link().connect("to", to.address());
    const auto out = std::pair(from.events(1)[0], to.events(1)[0]);
    EXPECT_EQ(out.first.kind, PeerEvent::refused) << out.first.text;
    EXPECT_EQ(out.first.peer, "to");
    EXPECT_EQ(out.second.kind, PeerEvent::refused) << out.second.text;
    EXPECT_THAT(out.second.address, AnyOf(HasSubstr("tcp://127.0.0.1:"), "an unknown address"));
    return out;
  }
};

TEST_F(JobKeyLinkTest, HoldersOfTheKeyTalk) {
  const JobKey key = JobKey::make();
  RecordingLink a("a", with_key(key));
  RecordingLink b("b", with_key(key));
  a.link().connect("b", b.address());
  const SharedBytes large = random_bytes(1 << 20, 1);
  a.link().send("b", item(1, {large}));
  EXPECT_TRUE(equal(b.messages(1)[0].second.parts[0], large));
  b.link().send("a", item(2));
  EXPECT_EQ(a.messages(1)[0].second.number, 2u);
}

TEST_F(JobKeyLinkTest, AnotherKeyIsRefusedOnBothSides) {
  RecordingLink from("from", with_key(JobKey::make()));
  RecordingLink to("to", with_key(JobKey::make()));
  const auto [here, there] = refusals(from, to);
  EXPECT_THAT(here.text, HasSubstr("another job key"));
  EXPECT_THAT(there.text, HasSubstr("another job key"));
}

TEST_F(JobKeyLinkTest, NoKeyIsRefusedOnBothSides) {
  RecordingLink from("from");
  RecordingLink to("to", with_key(JobKey::make()));
  const auto [here, there] = refusals(from, to);
  // Who is first ends the connection, and the other one sees no more than that.
  EXPECT_THAT(here.text,
              AnyOf("has a job key, this node has none", HasSubstr("expects a job key")));
  EXPECT_THAT(there.text, AnyOf("has no job key, this node has one", HasSubstr("job key or none")));
}

TEST_F(JobKeyLinkTest, KeyWhereNoneIsExpectedIsRefusedOnBothSides) {
  RecordingLink from("from", with_key(JobKey::make()));
  RecordingLink to("to");
  const auto [here, there] = refusals(from, to);
  EXPECT_THAT(here.text, AnyOf("has no job key, this node has one", HasSubstr("job key or none")));
  EXPECT_THAT(there.text,
              AnyOf("has a job key, this node has none", HasSubstr("expects a job key")));
}

/// Who knows the listener's public key and nothing else gets no further.
TEST_F(JobKeyLinkTest, OwnKeyPairIsRefused) {
  const JobKey key = JobKey::make();
  const JobKey own = JobKey::make();
  RecordingLink to("to", with_key(key));
  RawPeer thief(ZMQ_DEALER);
  thief.socket().set(ZMQ_CURVE_SERVERKEY, key.listener_keys().public_key);
  thief.socket().set(ZMQ_CURVE_PUBLICKEY, own.connector_keys().public_key);
  thief.socket().set(ZMQ_CURVE_SECRETKEY, own.connector_keys().secret_key);
  thief.socket().connect(to.address());
  thief.send(hello_of("thief"));
  EXPECT_EQ(to.events(1)[0].kind, PeerEvent::refused);
  EXPECT_EQ(to.events(1)[0].text, "has another job key");
}

}  // namespace
}  // namespace arno::io

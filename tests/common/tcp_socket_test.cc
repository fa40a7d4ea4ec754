// SPDX-License-Identifier: Apache-2.0
#include "common/tcp_socket.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cerrno>

#include "tests/support/problem_of.h"

namespace arno {
namespace {

using ::testing::HasSubstr;

Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

TEST(TcpSocketTest, EndsKnowEachOther) {
  const TcpSocket listener = TcpSocket::listen_on("127.0.0.1");
  const TcpSocket from = TcpSocket::connect_to(listener.local(), soon());
  const std::optional<TcpSocket> to = listener.accept(soon());
  ASSERT_TRUE(to);
  EXPECT_EQ(to->peer().port, from.local().port);
  EXPECT_EQ(from.peer().port, listener.local().port);
  EXPECT_EQ(from.peer().shown_host, "127.0.0.1");

  from.shut_down();
  pollfd waiting{.fd = to->fd(), .events = POLLIN, .revents = 0};
  ASSERT_TRUE(wait_for_any({&waiting, 1}, soon()));
  char byte = 0;
  EXPECT_EQ(::recv(to->fd(), &byte, 1, 0), 0) << "the end";
}

TEST(TcpSocketTest, NobodyThereIsAnErrorOrANumber) {
  const HostPort nobody = TcpSocket::listen_on("127.0.0.1").local();
  EXPECT_EQ(TcpSocket::try_to_connect(nobody, soon()).second, ECONNREFUSED);
  EXPECT_THAT(
      testing::problem_of(Errc::comm_failed, [&] { TcpSocket::connect_to(nobody, soon()); }),
      HasSubstr(fmt::format("connecting to 127.0.0.1:{}: Connection refused", nobody.port)));
}

TEST(TcpSocketTest, NamesAreNotLookedUp) {
  EXPECT_THAT(testing::problem_of(Errc::invalid_argument,
                                  [] {
                                    TcpSocket::connect_to({"localhost", "localhost", 1}, soon());
                                  }),
              HasSubstr("found address \"localhost\", expected a numeric one"));
}

TEST(TcpSocketTest, NobodyConnectsIsNothing) {
  const TcpSocket listener = TcpSocket::listen_on("::1");
  EXPECT_EQ(listener.local().shown_host, "[::1]");
  EXPECT_FALSE(listener.accept(std::chrono::steady_clock::now()));
}

}  // namespace
}  // namespace arno

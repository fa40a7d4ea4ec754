// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "io/detail/file_descriptor.h"
#include "tests/io/zeromq/link_fixture.h"

namespace arno::io {
namespace {

/// Connects to the address that it reads and sends back what it gets until it is killed.
[[noreturn]] void echo(int addresses) {
  std::string address;
  for (char c = 0; ::read(addresses, &c, 1) == 1;) address += c;
  RecordingLink* running = nullptr;
  RecordingLink child("child", [&running](PayloadLinkOptions& options) {
    options.on_message = [&running](const std::string& peer, Message message) {
      running->link().send(peer, std::move(message));
    };
  });
  running = &child;
  child.link().connect("parent", address);
  for (;;) ::pause();
}

/// A child process that runs echo().
class EchoProcess {
 public:
  EchoProcess() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[1]);
      echo(ends[0]);
    }
    ::close(ends[0]);
    addresses_ = detail::FileDescriptor(ends[1]);
  }
  EchoProcess(const EchoProcess&) = delete;
  EchoProcess& operator=(const EchoProcess&) = delete;
  ~EchoProcess() { kill(); }

  void tell(const std::string& address) {
    EXPECT_EQ(::write(addresses_.get(), address.data(), address.size()),
              static_cast<ssize_t>(address.size()));
    addresses_.close();
  }
  /// It is there and does nothing any more.
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  detail::FileDescriptor addresses_;
};

TEST(TwoProcessesTest, MessagesComeBackAndAKilledPeerIsLost) {
  constexpr uint64_t kMessages = 50;
  EchoProcess process;  // before there are threads
  RecordingLink parent("parent");
  process.tell(parent.address());
  ASSERT_EQ(parent.events(1)[0].kind, PeerEvent::connected);
  for (uint64_t i = 1; i <= kMessages; ++i) {
    parent.link().send("child", item(i, {random_bytes(200000, i)}));
  }
  const auto back = parent.messages(kMessages);
  for (uint64_t i = 1; i <= kMessages; ++i) {
    EXPECT_EQ(back[i - 1].second.number, i);
    EXPECT_TRUE(equal(back[i - 1].second.parts.at(0), random_bytes(200000, i)));
  }
  process.kill();
  EXPECT_EQ(parent.events(2)[1].kind, PeerEvent::lost);
  EXPECT_EQ(parent.events(2)[1].peer, "child");
}

TEST(TwoProcessesTest, PeerThatFreezesIsLost) {
  EchoProcess process;
  RecordingLink parent("parent", [](PayloadLinkOptions& options) {
    options.silence_limit = std::chrono::milliseconds(300);
  });
  process.tell(parent.address());
  ASSERT_EQ(parent.events(1)[0].kind, PeerEvent::connected);
  process.freeze();
  EXPECT_EQ(parent.events(2)[1].kind, PeerEvent::lost);
}

}  // namespace
}  // namespace arno::io

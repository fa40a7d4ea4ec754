// SPDX-License-Identifier: Apache-2.0
#include "tests/support/machine.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

#include "common/error.h"

namespace arno::testing {
namespace {

constexpr int kPacket = 9000;   // bytes: few packets cost this process less
constexpr int kQueue = 10'000;  // packets that may wait for the thread: none is lost but by draw
constexpr const char* kInterface = "wire";

ifreq request_for(const char* interface) {
  ifreq out{};
  std::strncpy(out.ifr_name, interface, IFNAMSIZ - 1);
  return out;
}

void set_up(int socket, const char* interface) {
  ifreq request = request_for(interface);
  check(ioctl(socket, SIOCGIFFLAGS, &request), "asking for flags of an interface");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  check(ioctl(socket, SIOCSIFFLAGS, &request), "setting an interface up");
}

void set_address(int socket, unsigned long what, const std::string& address) {
  ifreq request = request_for(kInterface);
  sockaddr_in value{};
  value.sin_family = AF_INET;
  inet_pton(AF_INET, address.c_str(), &value.sin_addr);
  std::memcpy(&request.ifr_addr, &value, sizeof value);
  check(ioctl(socket, what, &request), "giving an interface its address");
}

/// The end of a host's interface that we hold: its packets are read from it and written to it.
File open_interface(int host) {
  File tun(check(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), "opening /dev/net/tun"));
  ifreq request = request_for(kInterface);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  check(ioctl(tun.get(), TUNSETIFF, &request), "making a TUN interface");
  const File socket(check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "opening a socket"));
  set_address(socket.get(), SIOCSIFADDR, address_of(host));
  set_address(socket.get(), SIOCSIFNETMASK, "255.255.255.0");
  request = request_for(kInterface);
  request.ifr_qlen = kQueue;
  check(ioctl(socket.get(), SIOCSIFTXQLEN, &request), "setting the length of a queue");
  request = request_for(kInterface);
  request.ifr_mtu = kPacket;
  check(ioctl(socket.get(), SIOCSIFMTU, &request), "setting the size of packets");
  set_up(socket.get(), "lo");
  set_up(socket.get(), kInterface);
  return tun;
}

}  // namespace

int check(int result, const std::string& doing) {
  ARNO_CHECK(result >= 0, Errc::io_failed, "{}: {}", doing, std::strerror(errno));
  return result;
}

std::string address_of(int host) { return fmt::format("10.77.0.{}", host); }

void on_own_thread(const std::function<void()>& work) {
  std::exception_ptr failed;
  std::thread([&] {
    try {
      work();
    } catch (...) {
      failed = std::current_exception();
    }
  }).join();
  if (failed) std::rethrow_exception(failed);
}

Machine make_machine(int number) {
  Machine out;
  // A namespace is a thread's.
  on_own_thread([&] {
    check(unshare(CLONE_NEWNET), "making a network namespace");
    out.tun = open_interface(number);
    out.network = File(check(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC),
                             "opening a network namespace"));
  });
  return out;
}

}  // namespace arno::testing

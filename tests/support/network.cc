// SPDX-License-Identifier: Apache-2.0
#include "tests/support/network.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "common/error.h"
#include "common/random.h"
#include "tests/support/machine.h"

namespace arno::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLargestPacket = 65536;
constexpr int kAtOnce = 64;         // packets read of one host before the others have their turn
constexpr size_t kIpv4Header = 20;  // bytes

/// One direction between two hosts.
struct Way {
  Network::Duration delay{0};
  double loss = 0;
  Clock::time_point cut_until{};
};

using Packet = std::vector<std::byte>;

/// To which of so many hosts a packet goes; nothing for what is not of these hosts.
std::optional<int> receiver_of(const Packet& packet, size_t hosts) {
  if (packet.size() < kIpv4Header || (std::to_integer<int>(packet[0]) >> 4) != 4) return {};
  const int number = std::to_integer<int>(packet[kIpv4Header - 1]);
  if (number < 1 || static_cast<size_t>(number) > hosts) return {};
  return number;
}

}  // namespace

class Network::Impl {
 public:
  explicit Impl(uint64_t seed)
      : random_(RandomKey(seed)),
        wake_up_(check(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "making an event")) {
    thread_ = std::jthread([this](const std::stop_token& stop) { carry(stop); });
  }
  ~Impl() {
    thread_.request_stop();
    wake_up();
  }

  Host add_host() {
    const int number = [this] {
      const std::scoped_lock lock(mutex_);
      return static_cast<int>(machines_.size()) + 1;
    }();
    Machine machine = make_machine(number);
    Host out{number, address_of(number), machine.network.get()};
    {
      const std::scoped_lock lock(mutex_);
      machines_.push_back(std::move(machine));
    }
    wake_up();
    return out;
  }

  template <class Change>
  void change(const Host& from, const Host& to, Change how) {
    const std::scoped_lock lock(mutex_);
    how(ways_[{from.number, to.number}]);
  }

 private:
  void wake_up() const { eventfd_write(wake_up_.get(), 1); }

  void carry(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (const pollfd& ready : wait()) {
        if (ready.revents != 0 && ready.fd != wake_up_.get()) take_from(ready.fd);
      }
      hand_over();
    }
  }

  std::vector<pollfd> wait() {
    std::vector<pollfd> out{{wake_up_.get(), POLLIN, 0}};
    timespec patience{.tv_sec = 3600, .tv_nsec = 0};
    {
      const std::scoped_lock lock(mutex_);
      for (const Machine& machine : machines_) out.push_back({machine.tun.get(), POLLIN, 0});
    }
    if (!under_way_.empty()) {
      const auto left = std::max(under_way_.begin()->first - Clock::now(), Clock::duration{0});
      patience.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
      patience.tv_nsec = (left % std::chrono::seconds(1)).count();
    }
    ppoll(out.data(), out.size(), &patience, nullptr);
    eventfd_t ignored = 0;
    eventfd_read(wake_up_.get(), &ignored);
    return out;
  }

  void take_from(int tun) {
    for (int i = 0; i < kAtOnce; ++i) {
      const ssize_t size = ::read(tun, buffer_.data(), buffer_.size());
      if (size <= 0) return;
      send(tun, {buffer_.begin(), buffer_.begin() + size});
    }
  }

  /// Puts a packet on its way, or not.
  void send(int from_tun, Packet packet) {
    const std::scoped_lock lock(mutex_);
    const auto from = std::ranges::find_if(
        machines_, [&](const Machine& machine) { return machine.tun.get() == from_tun; });
    const std::optional<int> to = receiver_of(packet, machines_.size());
    if (!to) return;
    const int sender = static_cast<int>(from - machines_.begin()) + 1;
    const Way& way = ways_[{sender, *to}];
    const Clock::time_point now = Clock::now();
    if (now < way.cut_until) return;
    if (way.loss > 0 && random_.uniform() < way.loss) return;
    under_way_.emplace(now + way.delay, Parcel{*to, std::move(packet)});
  }

  /// Gives what is due to its receivers.
  void hand_over() {
    const Clock::time_point now = Clock::now();
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
      const auto [to, packet] = std::move(under_way_.extract(under_way_.begin()).mapped());
      const std::scoped_lock lock(mutex_);
      // A host that does not take it has lost it.
      [[maybe_unused]] const ssize_t taken =
          ::write(machines_[static_cast<size_t>(to) - 1].tun.get(), packet.data(), packet.size());
    }
  }

  struct Parcel {
    int to = 0;
    Packet packet;
  };

  std::mutex mutex_;
  std::vector<Machine> machines_;            ///< host n at n - 1
  std::map<std::pair<int, int>, Way> ways_;  ///< by sender and receiver
  Random random_;
  File wake_up_;
  // Of the thread alone:
  std::array<std::byte, kLargestPacket> buffer_{};
  std::multimap<Clock::time_point, Parcel> under_way_;  ///< by when it is due
  std::jthread thread_;
};

std::string Network::missing() {
  try {
    Network(0).add_host();
    return "";
  } catch (const Error& error) {
    return fmt::format("no hosts as network namespaces here: {}", error.what());
  }
}

Network::Network(uint64_t seed) : impl_(std::make_unique<Impl>(seed)) {}
Network::~Network() = default;

Host Network::add_host() { return impl_->add_host(); }

void Network::run_on(const Host& host, const std::function<void()>& work) {
  on_own_thread([&] {
    check(setns(host.network, CLONE_NEWNET), "entering a network namespace");
    work();
  });
}

void Network::set_delay(const Host& a, const Host& b, Duration one_way) {
  const auto how = [&](Way& way) { way.delay = one_way; };
  impl_->change(a, b, how);
  impl_->change(b, a, how);
}

void Network::set_loss(const Host& a, const Host& b, double share) {
  const auto how = [&](Way& way) { way.loss = share; };
  impl_->change(a, b, how);
  impl_->change(b, a, how);
}

void Network::cut(const Host& a, const Host& b, Duration how_long) {
  cut_way(a, b, how_long);
  cut_way(b, a, how_long);
}

void Network::heal(const Host& a, const Host& b) { cut(a, b, Duration{0}); }

void Network::cut_way(const Host& from, const Host& to, Duration how_long) {
  const Clock::time_point until =
      how_long == kForever ? Clock::time_point::max() : Clock::now() + how_long;
  impl_->change(from, to, [&](Way& way) { way.cut_until = until; });
}

}  // namespace arno::testing

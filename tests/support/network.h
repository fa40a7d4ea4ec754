// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace arno::testing {

/// A host of a Network.
struct Host {
  int number = 0;       ///< from 1
  std::string address;  ///< "10.77.0.1"
  int network = -1;     ///< file of its network namespace, for setns(); owned by the Network
};

/// Several hosts on this machine that can reach each other: network namespaces, each with one TUN
/// interface, whose packets a thread of this process carries from host to host. So a link can be
/// slow, lossy or cut in either direction, also where the kernel has no netem, and by a seed. It
/// needs root and /dev/net/tun. Everything is gone with the process, however that ends.
///
/// A packet is carried as its direction is when it is sent; one that is cut off vanishes without a
/// word, as behind an unplugged switch. Thread-safe.
class Network {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration kForever = Duration::max();

  /// Why this machine cannot have one; empty when it can.
  static std::string missing();

  /// `seed`: draws which packets are lost.
  explicit Network(uint64_t seed);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Another host, with links to all others that neither delay nor lose. Throws io_failed.
  Host add_host();

  /// Does something as a process on this host would, on a thread of its own, and waits for it.
  static void run_on(const Host& host, const std::function<void()>& work);

  // Both directions between two hosts, from now on. `loss`: the share of packets that is lost.
  void set_delay(const Host& a, const Host& b, Duration one_way);
  void set_loss(const Host& a, const Host& b, double share);
  void cut(const Host& a, const Host& b, Duration how_long = kForever);
  void heal(const Host& a, const Host& b);
  /// Nothing that `from` sends reaches `to`, but the other way round it does. heal() ends it.
  void cut_way(const Host& from, const Host& to, Duration how_long = kForever);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::testing

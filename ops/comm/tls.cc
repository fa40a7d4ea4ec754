// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/tls.h"

#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "common/error.h"
#include "common/hash.h"
#include "common/log.h"
#include "ops/comm/detail/network_link.h"
#include "ops/comm/detail/pipe_signal.h"
#include "ops/comm/detail/tls_connection.h"

namespace arno::ops {
namespace {

using detail::TlsConnection;
using std::chrono::milliseconds;

/// Of members that are all there: they listen before the others know where.
constexpr milliseconds kConnectLimit{10'000};
/// A stranger that begins to talk and stops holds the others up for no longer.
constexpr milliseconds kHandshakeLimit{2'000};

Deadline after(milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// Three numbers that go before whatever is sent.
using Words = std::array<uint64_t, 3>;
constexpr uint64_t kHello = 0x61726e6f67727031;  // "arnogrp1"
constexpr uint64_t kFrame = kHello + 1;

/// Bytes that go to a peer or come from it, after the words that say what they are.
struct Transfer {
  TlsConnection* connection;
  int64_t peer;
  bool receives;
  Words expected;  ///< or to be sent
  std::span<const std::byte> out;
  std::span<std::byte> in;
  Words words{};
  size_t words_done = 0;  ///< bytes
  size_t done = 0;

  /// Moves what can be moved without waiting; true when that was all.
  bool advance() { return receives ? receive() : send(); }
  pollfd waits_for() const {
    return {.fd = connection->socket().fd(),
            .events = receives ? connection->read_events() : connection->write_events(),
            .revents = 0};
  }

 private:
  bool receive() {
    const auto head = std::as_writable_bytes(std::span(words));
    while (words_done < head.size()) {
      const size_t bytes = connection->read_some(head.subspan(words_done));
      if (bytes == 0) return false;
      words_done += bytes;
    }
    ARNO_CHECK(words == expected, Errc::comm_failed,
               "it sent {} bytes in its call {}, expected {} in call {}", words[2], words[1],
               expected[2], expected[1]);
    while (done < in.size()) {
      const size_t bytes = connection->read_some(in.subspan(done));
      if (bytes == 0) return false;
      done += bytes;
    }
    return true;
  }

  bool send() {
    const auto head = std::as_bytes(std::span(expected));
    while (words_done < head.size()) {
      const size_t bytes = connection->write_some(head.subspan(words_done));
      if (bytes == 0) return false;
      words_done += bytes;
    }
    while (done < out.size()) {
      const size_t bytes = connection->write_some(out.subspan(done));
      if (bytes == 0) return false;
      done += bytes;
    }
    return true;
  }
};

class TlsLink final : public detail::NetworkLink {
 public:
  TlsLink(Store& store, const TcpMember& member, const TlsFiles& files)
      : NetworkLink(member), context_(files) {
    if (member.size == 1) return;
    const detail::PipeSignalBlocked blocked;
    const TcpSocket listener = TcpSocket::listen_on(member.address);
    const HostPort own = listener.local();
    put(store, fmt::format("{}:{}", own.shown_host, own.port));
    const std::vector<HostPort> addresses = addresses_of_others(store);
    const Deadline deadline = after(std::min(milliseconds(member.comm.deadline_ms), kConnectLimit));
    peers_.resize(static_cast<size_t>(member.size));
    for (int64_t rank = 0; rank < member.rank; ++rank) call(rank, addresses[rank], deadline);
    std::deque<TcpSocket> silent;
    for (int64_t rank = member.rank + 1; rank < member.size; ++rank) {
      take(listener, silent, deadline);
    }
  }

 private:
  void run(std::string_view call, std::span<const detail::Outgoing> out,
           std::span<const detail::Incoming> in) override {
    move(call, transfers(out, in));
  }

  void close() noexcept override {
    for (const auto& peer : peers_) {
      if (peer) peer->socket().shut_down();
    }
  }

  // Forming the group. Of two members the one of higher rank calls the other.

  void put(Store& store, const std::string& address) const {
    store.put(key_of(member().rank), {address.begin(), address.end()});
  }
  std::string key_of(int64_t rank) const { return member().prefix + std::to_string(rank); }

  std::vector<HostPort> addresses_of_others(Store& store) const {
    const Deadline deadline = after(milliseconds(member().comm.deadline_ms));
    std::vector<HostPort> out(static_cast<size_t>(member().size));
    for (int64_t rank = 0; rank < member().size; ++rank) {
      if (rank == member().rank) continue;
      const auto text = store.get(key_of(rank), milliseconds(patience_until(deadline)));
      ARNO_CHECK(text, Errc::comm_failed, "[tls] rank {} of {} did not come within {} ms", rank,
                 member().size, member().comm.deadline_ms);
      const auto address = parse_host_port(std::string(text->begin(), text->end()));
      ARNO_CHECK(address, Errc::comm_failed, "[tls] rank {} of {} is said to be at \"{}\"", rank,
                 member().size, std::string(text->begin(), text->end()));
      out[rank] = *address;
    }
    return out;
  }

  /// What members say to each other first: their rank, in which group.
  Words hello(int64_t rank) const {
    return {kHello, static_cast<uint64_t>(rank),
            hash64(fmt::format("{}{}", member().prefix, member().size))};
  }

  static void say(TlsConnection& peer, const Words& words, Deadline deadline) {
    peer.write_all(std::as_bytes(std::span(words)), deadline);
  }
  static Words hear(TlsConnection& peer, Deadline deadline) {
    Words out{};
    peer.read_all(std::as_writable_bytes(std::span(out)), deadline);
    return out;
  }

  void call(int64_t rank, const HostPort& address, Deadline deadline) {
    try {
      auto peer =
          std::make_unique<TlsConnection>(context_, TcpSocket::connect_to(address, deadline),
                                          TlsConnection::End::connects, deadline);
      say(*peer, hello(member().rank), deadline);
      ARNO_CHECK(hear(*peer, deadline) == hello(rank), Errc::comm_failed,
                 "what answers is another member");
      peers_[rank] = std::move(peer);
    } catch (const Error& error) {
      fail(Errc::comm_failed,
           "[tls] rank {} of {} at {}:{} is not reached with this key (by rank {}): {}", rank,
           member().size, address.shown_host, address.port, member().rank, error.what());
    }
  }

  /// The next connection whose other end has said something, as members do at once. `silent`: those
  /// that have not yet.
  static std::optional<TcpSocket> next_to_talk(const TcpSocket& listener,
                                               std::deque<TcpSocket>& silent, Deadline deadline) {
    constexpr size_t kMostSilent = 64;
    for (;;) {
      std::vector<pollfd> waiting{{.fd = listener.fd(), .events = POLLIN, .revents = 0}};
      for (const TcpSocket& each : silent) {
        waiting.push_back({.fd = each.fd(), .events = POLLIN, .revents = 0});
      }
      if (!wait_for_any(waiting, deadline)) return std::nullopt;
      for (size_t i = 0; i < silent.size(); ++i) {
        if (waiting[i + 1].revents == 0) continue;
        TcpSocket out = std::move(silent[i]);
        silent.erase(silent.begin() + static_cast<std::ptrdiff_t>(i));
        return out;
      }
      std::optional<TcpSocket> more = listener.accept(deadline);
      if (!more) return std::nullopt;
      silent.push_back(std::move(*more));
      if (silent.size() > kMostSilent) silent.pop_front();
    }
  }

  /// Takes one more member in. Others are sent away and do no harm.
  void take(const TcpSocket& listener, std::deque<TcpSocket>& silent, Deadline deadline) {
    std::string refused;
    while (std::optional<TcpSocket> socket = next_to_talk(listener, silent, deadline)) {
      const HostPort from = socket->peer();
      try {
        return greet(std::move(*socket), std::min(deadline, after(kHandshakeLimit)));
      } catch (const Error& error) {
        refused = fmt::format("; refused {}:{}: {}", from.shown_host, from.port, error.what());
        log::warn("tls", "a connection to rank {} of {} was refused: {}:{}: {}", member().rank,
                  member().size, from.shown_host, from.port, error.what());
      }
    }
    fail(Errc::comm_failed, "[tls] a member did not connect to rank {} of {} in time{}",
         member().rank, member().size, refused);
  }

  void greet(TcpSocket socket, Deadline deadline) {
    auto peer = std::make_unique<TlsConnection>(context_, std::move(socket),
                                                TlsConnection::End::accepts, deadline);
    const Words said = hear(*peer, deadline);
    const auto rank = static_cast<int64_t>(said[1]);
    ARNO_CHECK(rank > member().rank && rank < member().size && !peers_[rank] && said == hello(rank),
               Errc::comm_failed, "it is no member that is missing");
    say(*peer, hello(member().rank), deadline);
    peers_[rank] = std::move(peer);
  }

  // A call.

  std::vector<Transfer> transfers(std::span<const detail::Outgoing> out,
                                  std::span<const detail::Incoming> in) {
    std::vector<Transfer> all;
    const uint64_t round = round_++;
    for (const detail::Incoming& part : in) {
      all.push_back({.connection = peers_.at(part.peer).get(),
                     .peer = part.peer,
                     .receives = true,
                     .expected = {kFrame, round, part.bytes.size()},
                     .in = part.bytes});
    }
    for (const detail::Outgoing& part : out) {
      all.push_back({.connection = peers_.at(part.peer).get(),
                     .peer = part.peer,
                     .receives = false,
                     .expected = {kFrame, round, part.bytes.size()},
                     .out = part.bytes});
    }
    return all;
  }

  /// Ends when nothing has come or gone for the time of the deadline.
  void move(std::string_view call, std::vector<Transfer> under_way) const {
    std::vector<pollfd> waiting;
    for (;;) {
      std::erase_if(under_way, [&](Transfer& transfer) { return advance(call, transfer); });
      if (under_way.empty()) return;
      waiting.clear();
      for (const Transfer& transfer : under_way) waiting.push_back(transfer.waits_for());
      ARNO_CHECK(wait_for_any(waiting, after(milliseconds(member().comm.deadline_ms))),
                 Errc::comm_failed, "[{}] rank {} of {} was silent for {} ms (seen by rank {})",
                 call, under_way.front().peer, member().size, member().comm.deadline_ms,
                 member().rank);
    }
  }

  bool advance(std::string_view call, Transfer& transfer) const {
    try {
      return transfer.advance();
    } catch (const Error& error) {
      fail(Errc::comm_failed, "[{}] rank {} of {} is gone (seen by rank {}): {}", call,
           transfer.peer, member().size, member().rank, error.what());
    }
  }

  detail::TlsContext context_;
  std::vector<std::unique_ptr<TlsConnection>> peers_;  ///< by rank; none of the own
  uint64_t round_ = 0;
};

}  // namespace

std::shared_ptr<Communicator> tls_communicator(Store& store, const TcpMember& member,
                                               const TlsFiles& files) {
  const detail::Membership place{.rank = member.rank, .size = member.size};
  detail::check_membership("tls", place);
  return detail::communicator_over(std::make_unique<TlsLink>(store, member, files), place);
}

}  // namespace arno::ops

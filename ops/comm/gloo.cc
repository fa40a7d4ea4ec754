// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/gloo.h"

#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/store.h>
#include <gloo/transport/tcp/device.h>

#include <chrono>
#include <mutex>
#include <vector>

#include "common/host_port.h"
#include "ops/comm/detail/network_link.h"
#include "ops/comm/detail/pipe_signal.h"

namespace arno::ops {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Of a member that is there a connection takes no longer: it listens before others know where.
constexpr milliseconds kConnectLimit{10'000};

/// Our store as Gloo wants it.
class StoreForGloo final : public ::gloo::rendezvous::Store {
 public:
  StoreForGloo(ops::Store& store, const TcpMember& member)
      : store_(store),
        member_(member),
        deadline_(Clock::now() + milliseconds(member.comm.deadline_ms)) {}

  void set(const std::string& key, const std::vector<char>& data) override {
    store_.put(member_.prefix + key, data);
  }

  std::vector<char> get(const std::string& key) override {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
    auto value = store_.get(member_.prefix + key, std::max(left, milliseconds(0)));
    // Gloo's keys are the ranks.
    ARNO_CHECK(value, Errc::comm_failed, "[gloo] rank {} of {} did not come within {} ms", key,
               member_.size, member_.comm.deadline_ms);
    return std::move(*value);
  }

  void wait(const std::vector<std::string>& keys) override {
    for (const std::string& key : keys) get(key);
  }
  void wait(const std::vector<std::string>& keys, const milliseconds&) override { wait(keys); }

 private:
  ops::Store& store_;
  const TcpMember& member_;
  Clock::time_point deadline_;
};

class GlooLink final : public detail::NetworkLink {
 public:
  GlooLink(Store& store, const TcpMember& member) : NetworkLink(member) {
    if (member.size == 1) return;
    const detail::PipeSignalBlocked blocked;  // Gloo's thread inherits it
    ::gloo::transport::tcp::attr attributes(member.address.c_str());
    auto device = ::gloo::transport::tcp::CreateDevice(attributes);
    auto context = std::make_shared<::gloo::rendezvous::Context>(static_cast<int>(member.rank),
                                                                 static_cast<int>(member.size));
    // Gloo waits five times as long for a connection, and nothing can wake it.
    context->setTimeout(std::min(milliseconds(member.comm.deadline_ms), kConnectLimit) / 5);
    StoreForGloo adapter(store, member);
    context->connectFullMesh(adapter, device);
    context_ = std::move(context);
  }

 private:
  using Buffer = ::gloo::transport::UnboundBuffer;
  struct Transfer {
    Buffer* buffer;
    int64_t peer;
    bool receives;
  };

  void run(std::string_view call, std::span<const detail::Outgoing> out,
           std::span<const detail::Incoming> in) override {
    const Clock::time_point deadline = Clock::now() + milliseconds(member().comm.deadline_ms);
    for (const Transfer& transfer : begin(call, out, in)) finish(call, transfer, deadline);
  }

  void close() noexcept override {
    const std::scoped_lock lock(mutex_);
    for (const auto& buffer : buffers_) {
      buffer->abortWaitSend();
      buffer->abortWaitRecv();
    }
    if (context_) context_->closeConnections();
  }

  /// Receives first, so that nothing that arrives has to wait.
  std::vector<Transfer> begin(std::string_view call, std::span<const detail::Outgoing> out,
                              std::span<const detail::Incoming> in) {
    const std::scoped_lock lock(mutex_);
    check();
    std::vector<Transfer> transfers;
    const uint64_t round = round_++;
    for (const detail::Incoming& part : in) {
      Buffer* buffer = add_buffer(part.bytes.data(), part.bytes.size());
      connected(call, part.peer,
                [&] { buffer->recv(static_cast<int>(part.peer), slot(round, part.bytes.size())); });
      transfers.push_back({buffer, part.peer, /*receives=*/true});
    }
    for (const detail::Outgoing& part : out) {
      // Gloo takes one kind of buffer for both directions and does not write to this one.
      Buffer* buffer =
          add_buffer(const_cast<std::byte*>(part.bytes.data()), part.bytes.size());  // NOLINT
      connected(call, part.peer,
                [&] { buffer->send(static_cast<int>(part.peer), slot(round, part.bytes.size())); });
      transfers.push_back({buffer, part.peer, /*receives=*/false});
    }
    return transfers;
  }

  Buffer* add_buffer(void* memory, size_t bytes) {
    return buffers_.emplace_back(context_->createUnboundBuffer(memory, bytes)).get();
  }

  /// Parts of another round or size do not meet, and the deadline reports them.
  static uint64_t slot(uint64_t round, size_t bytes) {
    constexpr int kSizeBits = 40;
    return (round << kSizeBits) | (bytes & ((uint64_t{1} << kSizeBits) - 1));
  }

  /// Runs what fails when the connection to the peer does.
  template <class Action>
  void connected(std::string_view call, int64_t peer, Action action) const {
    try {
      action();
    } catch (const ::gloo::Exception& error) {
      fail(Errc::comm_failed, "[{}] rank {} of {} is gone (seen by rank {}): {}", call, peer,
           member().size, member().rank, error.what());
    }
  }

  void finish(std::string_view call, const Transfer& transfer, Clock::time_point deadline) const {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    const milliseconds patience = std::max(left, milliseconds(1));
    connected(call, transfer.peer, [&] {
      bool done = false;
      try {
        done = transfer.receives ? transfer.buffer->waitRecv(nullptr, patience)
                                 : transfer.buffer->waitSend(nullptr, patience);
      } catch (const ::gloo::Exception&) {
        if (Clock::now() < deadline) throw;
        fail(Errc::comm_failed, "[{}] rank {} of {} was silent for {} ms (seen by rank {})", call,
             transfer.peer, member().size, member().comm.deadline_ms, member().rank);
      }
      ARNO_CHECK(done, Errc::cancelled, "[{}] was aborted", call);
    });
  }

  /// A transfer that is still under way loses its buffer, which ends its connection.
  void forget() noexcept override {
    const std::scoped_lock lock(mutex_);
    buffers_.clear();
  }

  std::shared_ptr<::gloo::Context> context_;
  uint64_t round_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Buffer>> buffers_;  ///< of the call under way
};

/// Gloo crashes on a name that does not resolve, so names are left to the caller.
void check_address(const std::string& address) {
  ARNO_CHECK(is_numeric(address), Errc::invalid_argument,
             "[gloo] found address \"{}\", expected a numeric one", address);
}

}  // namespace

std::shared_ptr<Communicator> gloo_communicator(Store& store, const TcpMember& member) {
  const detail::Membership place{.rank = member.rank, .size = member.size};
  detail::check_membership("gloo", place);
  check_address(member.address);
  try {
    return detail::communicator_over(std::make_unique<GlooLink>(store, member), place);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // Gloo has more than one base class
    fail(Errc::comm_failed, "[gloo] rank {} of {} could not join its group: {}", member.rank,
         member.size, error.what());
  }
}

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/local_group.h"

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "ops/comm/detail/group_failure.h"
#include "ops/comm/detail/peer_link.h"

namespace arno::ops {
namespace {

using Clock = std::chrono::steady_clock;

/// What a member offers to another until that one has copied it.
struct Offer {
  enum State { kNone, kWaiting, kCopying, kTaken };
  State state = kNone;
  uint64_t round = 0;
  std::string_view call;
  std::span<const std::byte> bytes;
};

/// What the members share.
class Hub {
 public:
  Hub(int64_t size, CommOptions options)
      : size_(size), options_(options), offers_(static_cast<size_t>(size * size)) {}

  int64_t size() const { return size_; }

  /// Makes the group fail with this text, unless it has failed already.
  void end(Errc code, const std::string& text) {
    const std::scoped_lock lock(mutex_);
    end_locked(code, text);
  }

  void exchange(int64_t rank, uint64_t round, std::string_view call,
                std::span<const detail::Outgoing> out, std::span<const detail::Incoming> in) {
    std::unique_lock lock(mutex_);
    failure_.check();
    const auto deadline = Clock::now() + std::chrono::milliseconds(options_.deadline_ms);
    for (const detail::Outgoing& part : out) {
      offer(rank, part.peer) = {Offer::kWaiting, round, call, part.bytes};
    }
    changed_.notify_all();
    try {
      for (const detail::Incoming& part : in) {
        Offer& theirs = offer(part.peer, rank);
        await(lock, deadline, {call, rank, part.peer},
              [&] { return theirs.state == Offer::kWaiting; });
        check_agreement(theirs, round, call, part, rank);
        copy(lock, theirs, part.bytes);
      }
      for (const detail::Outgoing& part : out) {
        const Offer& ours = offer(rank, part.peer);
        await(lock, deadline, {call, rank, part.peer}, [&] { return ours.state == Offer::kTaken; });
      }
    } catch (...) {
      withdraw(lock, rank, out);
      throw;
    }
    withdraw(lock, rank, out);
  }

 private:
  /// For the text of an error.
  struct Waiting {
    std::string_view call;
    int64_t rank;
    int64_t peer;
  };

  Offer& offer(int64_t from, int64_t to) { return offers_[from * size_ + to]; }

  void end_locked(Errc code, const std::string& text) {
    if (failure_.set(code, text)) changed_.notify_all();
  }

  template <class Ready>
  void await(std::unique_lock<std::mutex>& lock, Clock::time_point deadline, Waiting who,
             Ready ready) {
    const bool in_time =
        changed_.wait_until(lock, deadline, [&] { return ready() || failure_.is_set(); });
    // A peer that is through may have left by now.
    if (ready()) return;
    if (!in_time) {
      end_locked(Errc::comm_failed,
                 fmt::format("[{}] rank {} of {} was silent for {} ms (seen by rank {})", who.call,
                             who.peer, size_, options_.deadline_ms, who.rank));
    }
    failure_.check();
  }

  void check_agreement(const Offer& theirs, uint64_t round, std::string_view call,
                       const detail::Incoming& part, int64_t rank) {
    if (theirs.round == round && theirs.call == call && theirs.bytes.size() == part.bytes.size()) {
      return;
    }
    end_locked(Errc::comm_failed,
               fmt::format("[{}] rank {} sent {} bytes of {} (round {}), rank {} expected {} bytes "
                           "(round {})",
                           call, part.peer, theirs.bytes.size(), theirs.call, theirs.round, rank,
                           part.bytes.size(), round));
    failure_.check();
  }

  /// Without the lock, so that members copy at the same time.
  void copy(std::unique_lock<std::mutex>& lock, Offer& theirs, std::span<std::byte> to) {
    theirs.state = Offer::kCopying;
    lock.unlock();
    if (!to.empty()) std::memcpy(to.data(), theirs.bytes.data(), to.size());
    lock.lock();
    theirs.state = Offer::kTaken;
    changed_.notify_all();
  }

  /// Nobody reads the parts after this.
  void withdraw(std::unique_lock<std::mutex>& lock, int64_t rank,
                std::span<const detail::Outgoing> out) {
    for (const detail::Outgoing& part : out) {
      Offer& ours = offer(rank, part.peer);
      changed_.wait(lock, [&] { return ours.state != Offer::kCopying; });
      ours = {};
    }
  }

  const int64_t size_;
  const CommOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Offer> offers_;  ///< [from * size + to]
  detail::GroupFailure failure_;
};

class LocalLink final : public detail::PeerLink {
 public:
  LocalLink(std::shared_ptr<Hub> hub, int64_t rank) : hub_(std::move(hub)), rank_(rank) {}
  ~LocalLink() override {
    hub_->end(Errc::comm_failed,
              fmt::format("[comm] rank {} of {} has left the group", rank_, hub_->size()));
  }

  void exchange(std::string_view call, std::span<const detail::Outgoing> out,
                std::span<const detail::Incoming> in) override {
    hub_->exchange(rank_, round_++, call, out, in);
  }

  void abort(const std::string& reason) noexcept override {
    hub_->end(Errc::cancelled,
              fmt::format("[comm] rank {} of {} ended: {}", rank_, hub_->size(), reason));
  }

 private:
  std::shared_ptr<Hub> hub_;
  int64_t rank_;
  uint64_t round_ = 0;
};

}  // namespace

std::vector<std::shared_ptr<Communicator>> local_group(int64_t size, CommOptions options) {
  detail::check_membership("local_group", {.rank = 0, .size = size});
  const auto hub = std::make_shared<Hub>(size, options);
  std::vector<std::shared_ptr<Communicator>> group;
  for (int64_t rank = 0; rank < size; ++rank) {
    group.push_back(detail::communicator_over(std::make_unique<LocalLink>(hub, rank),
                                              {.rank = rank, .size = size}));
  }
  return group;
}

}  // namespace arno::ops

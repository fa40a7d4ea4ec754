// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

#include "ops/comm/detail/group_failure.h"
#include "ops/comm/detail/peer_link.h"
#include "ops/comm/tcp_member.h"

namespace arno::ops::detail {

/// A link over connections, which close when a call fails or the group is ended: from that the
/// peers learn it.
class NetworkLink : public PeerLink {
 public:
  void exchange(std::string_view call, std::span<const Outgoing> out,
                std::span<const Incoming> in) final;
  void abort(const std::string& reason) noexcept final;

 protected:
  explicit NetworkLink(TcpMember member) : member_(std::move(member)) {}

  const TcpMember& member() const { return member_; }
  /// Throws what the group has failed with.
  void check() const;
  /// Moves everything, or throws.
  virtual void run(std::string_view call, std::span<const Outgoing> out,
                   std::span<const Incoming> in) = 0;
  /// Closes the connections and wakes run(). Called once, from any thread.
  virtual void close() noexcept = 0;
  /// Comes after each run(), also one that failed; then the connections are closed.
  virtual void forget() noexcept {}

 private:
  void end(Errc code, const std::string& text) noexcept;

  TcpMember member_;
  mutable std::mutex mutex_;
  GroupFailure failure_;
};

}  // namespace arno::ops::detail

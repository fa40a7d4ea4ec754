// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ops/comm/communicator.h"

namespace arno::ops::detail {

/// Bytes for a peer. They must not change before exchange() has returned.
struct Outgoing {
  int64_t peer;
  std::span<const std::byte> bytes;
};

/// Where bytes of a peer go.
struct Incoming {
  int64_t peer;
  std::span<std::byte> bytes;
};

/// A way to the peers of a group. The collectives are made of it once for all of them.
class PeerLink {
 public:
  virtual ~PeerLink() = default;
  /// Sends and receives at the same time; returns when all is done. At most one part to and one
  /// from each peer. `call`: of the collective, for errors. Fails as Communicator says.
  virtual void exchange(std::string_view call, std::span<const Outgoing> out,
                        std::span<const Incoming> in) = 0;
  /// As Communicator::abort().
  virtual void abort(const std::string& reason) noexcept = 0;
};

/// A member's place in its group.
struct Membership {
  int64_t rank = 0;
  int64_t size = 1;
};

/// Throws invalid_argument unless 0 <= rank < size.
void check_membership(std::string_view component, Membership member);

/// The collectives over a link. A sum is cut into as many parts as there are ranks: each rank gets
/// everyone's values of its part, adds them in rank order and, in all_reduce, sends the result to
/// everyone. That moves 2 (size - 1) / size of the bytes each way, as a ring does, and needs
/// (size - 1) / size of them as scratch, where a ring needs 1 / size.
std::shared_ptr<Communicator> communicator_over(std::unique_ptr<PeerLink> link, Membership member);

}  // namespace arno::ops::detail

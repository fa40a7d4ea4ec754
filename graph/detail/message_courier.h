// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/local_actor.hpp>
#include <unordered_map>

#include "graph/messages.h"
#include "graph/output_lanes.h"

namespace arno::graph::detail {

/// Sends what a driver has for other actors.
class MessageCourier final : public Courier {
 public:
  /// For the actor that owns it.
  explicit MessageCourier(caf::local_actor* self) : self_(self) {}

  /// Who is at the other end of a lane, in or out.
  void add_peer(int lane, const caf::strong_actor_ptr& peer);
  void deliver(int lane, Payload item) override;
  void acknowledge(int lane, uint64_t items, int64_t bytes) override;
  void end(int lane) override;

 private:
  caf::local_actor* self_;
  std::unordered_map<int, ShellActor> peers_;  ///< by lane
};

}  // namespace arno::graph::detail

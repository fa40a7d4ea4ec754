// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <latch>
#include <memory>
#include <vector>

namespace arno::graph::detail {

/// Waits until actors are gone, each after the call that is under way. Somebody ends them.
template <class Handle>
void await_end(const std::vector<Handle>& actors) {
  const auto alive = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(actors.size()));
  for (const Handle& actor : actors) {
    caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([alive] { alive->count_down(); });
  }
  alive->wait();
}

/// Ends actors and waits for them.
template <class Handle>
void end_actors(const std::vector<Handle>& actors) {
  for (const Handle& actor : actors) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }
  await_end(actors);
}

}  // namespace arno::graph::detail

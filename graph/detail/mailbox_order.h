// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/response_type.hpp>
#include <utility>

// A mailbox orders what a sender did before what the receiver does with the message, and one turn
// of an actor before its next. CAF's library is not built for ThreadSanitizer, which therefore sees
// neither; what stands here tells it. In any other build it does nothing.
#if defined(__SANITIZE_THREAD__)
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace arno::graph::detail {

/// What this thread has done so far comes before each later order_after() of the same token.
inline void order_before([[maybe_unused]] void* token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(token);
#endif
}

/// What comes now is after all earlier order_before() of the token.
inline void order_after([[maybe_unused]] void* token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(token);
#endif
}

/// What an actor does with one message.
class Turn {
 public:
  template <class Self>
  explicit Turn(Self self) : token_(self->ctrl()) {
    order_after(token_);
  }
  ~Turn() { order_before(token_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  void* token_;
};

/// A handler that calls a function in a turn.
template <class Self, class Message>
auto in_turn(Self self, void (*handle)(Self, const Message&)) {
  return [self, handle](const Message& message) {
    const Turn turn(self);
    handle(self, message);
  };
}

/// Sends a message of no sender to a typed actor. `context`: the sender's, or null outside actors.
template <class Handle, class Message>
void send_in_order(caf::execution_unit* context, const Handle& to, Message message) {
  static_assert(caf::response_type<typename Handle::signatures, Message>::valid,
                "the actor does not take this message");
  auto element = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(message));
  order_before(caf::actor_cast<caf::actor_control_block*>(to));
  caf::actor_cast<caf::abstract_actor*>(to)->enqueue(std::move(element), context);
}

}  // namespace arno::graph::detail

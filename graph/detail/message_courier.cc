// SPDX-License-Identifier: Apache-2.0
#include "graph/detail/message_courier.h"

#include <caf/actor_cast.hpp>
#include <utility>

#include "graph/detail/mailbox_order.h"

namespace arno::graph::detail {

void MessageCourier::add_peer(int lane, const caf::strong_actor_ptr& peer) {
  peers_[lane] = caf::actor_cast<ShellActor>(peer);
}
void MessageCourier::deliver(int lane, Payload item) {
  send_in_order(self_->context(), peers_.at(lane), Deliver{lane, std::move(item)});
}
void MessageCourier::acknowledge(int lane, uint64_t items, int64_t bytes) {
  send_in_order(self_->context(), peers_.at(lane), Acknowledge{lane, items, bytes});
}
void MessageCourier::end(int lane) {
  send_in_order(self_->context(), peers_.at(lane), EndOfStream{lane});
}

}  // namespace arno::graph::detail

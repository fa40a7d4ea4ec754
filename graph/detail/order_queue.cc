// SPDX-License-Identifier: Apache-2.0
#include "graph/detail/order_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/log.h"

namespace arno::graph::detail {

OrderQueue::OrderQueue(std::function<void(const Order&)> carry_out)
    : carry_out_(std::move(carry_out)), thread_([this] { run(); }) {}

OrderQueue::~OrderQueue() { close(); }

bool OrderQueue::add(Order order) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    if (under_way_ || !waiting_.empty()) {
      log::info("control", "{} {} waits for the order before it", order.request.verb,
                order.request.name);
    }
    waiting_.push_back(std::move(order));
  }
  changed_.notify_all();
  return true;
}

std::vector<Order> OrderQueue::close() {
  std::vector<Order> out;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    std::ranges::move(waiting_, std::back_inserter(out));
    waiting_.clear();
  }
  changed_.notify_all();
  return out;
}

void OrderQueue::join() {
  if (thread_.joinable()) thread_.join();
}

void OrderQueue::run() {
  for (;;) {
    Order order;
    {
      std::unique_lock lock(mutex_);
      under_way_ = false;
      changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
      under_way_ = !waiting_.empty();
      if (!under_way_) return;
      order = std::move(waiting_.front());
      waiting_.pop_front();
    }
    carry_out_(order);
  }
}

}  // namespace arno::graph::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "graph/control.h"

namespace arno::graph::detail {

/// An order that somebody waits for.
struct Order {
  ControlRequest request;
  /// Tells what became of it; any thread.
  std::function<void(int32_t code, std::string text)> answer;
};

/// Carries out orders one after the other, as they came, in a thread of its own. Thread-safe.
class OrderQueue {
 public:
  /// `carry_out` is called in that thread and throws nothing.
  explicit OrderQueue(std::function<void(const Order&)> carry_out);
  /// Closes the queue, and waits for the order that is under way.
  ~OrderQueue();
  OrderQueue(const OrderQueue&) = delete;
  OrderQueue& operator=(const OrderQueue&) = delete;

  /// False, and the order is not taken, once the queue is closed.
  bool add(Order order);
  /// Takes and begins no more, and returns what was not begun.
  std::vector<Order> close();
  /// Once it is closed: waits for the order that is under way.
  void join();

 private:
  void run();

  std::function<void(const Order&)> carry_out_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Order> waiting_;
  bool under_way_ = false;
  bool closed_ = false;
  std::jthread thread_;
};

}  // namespace arno::graph::detail

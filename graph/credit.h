// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace arno::graph {

/// How much a lane (one producer, one consumer) may hold: items and bytes that were sent and not
/// yet acknowledged. Acknowledgements are cumulative, so one that comes twice or late changes
/// nothing.
class CreditWindow {
 public:
  CreditWindow(int64_t capacity_items, int64_t capacity_bytes)
      : capacity_items_(capacity_items), capacity_bytes_(capacity_bytes) {}

  /// Whether an item of this size may be sent now. One that is larger than the whole byte budget
  /// may travel alone.
  bool admits(int64_t size_bytes) const;
  /// Counts an item as sent; returns its number, from 1.
  uint64_t send(int64_t size_bytes);
  /// The consumer is done with all items up to number `items`, `bytes` in all. Throws comm_failed
  /// for items that were never sent.
  void acknowledge(uint64_t items, int64_t bytes);

  /// Changes how much it may hold. What is under way stays, also when it is more.
  void resize(int64_t capacity_items, int64_t capacity_bytes) {
    capacity_items_ = capacity_items;
    capacity_bytes_ = capacity_bytes;
  }

  /// Nothing that was sent is under way any more.
  void settle() { acknowledge(sent_items_, sent_bytes_); }

  int64_t items_sent() const { return static_cast<int64_t>(sent_items_); }
  int64_t bytes_sent() const { return sent_bytes_; }
  int64_t items_in_flight() const { return static_cast<int64_t>(sent_items_ - acked_items_); }
  int64_t bytes_in_flight() const { return sent_bytes_ - acked_bytes_; }
  int64_t free_items() const { return capacity_items_ - items_in_flight(); }

 private:
  int64_t capacity_items_;
  int64_t capacity_bytes_;
  uint64_t sent_items_ = 0;
  uint64_t acked_items_ = 0;
  int64_t sent_bytes_ = 0;
  int64_t acked_bytes_ = 0;
};

}  // namespace arno::graph

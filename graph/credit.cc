// SPDX-License-Identifier: Apache-2.0
#include "graph/credit.h"

#include "common/error.h"

namespace arno::graph {

bool CreditWindow::admits(int64_t size_bytes) const {
  if (items_in_flight() == 0) return true;
  // Compared by subtraction: a sum of sizes could overflow.
  return free_items() > 0 && size_bytes <= capacity_bytes_ - bytes_in_flight();
}

uint64_t CreditWindow::send(int64_t size_bytes) {
  sent_bytes_ += size_bytes;
  return ++sent_items_;
}

void CreditWindow::acknowledge(uint64_t items, int64_t bytes) {
  if (items <= acked_items_) return;
  ARNO_CHECK(items <= sent_items_ && bytes <= sent_bytes_ && bytes >= acked_bytes_,
             Errc::comm_failed,
             "[credit] acknowledged {} items of {} bytes, expected at most {} of {} to {}", items,
             bytes, sent_items_, acked_bytes_, sent_bytes_);
  acked_items_ = items;
  acked_bytes_ = bytes;
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace arno {

/// Where in the training an item belongs, for traces. A type tells it by a function
/// `ItemTag item_tag(const T&)` beside it: in its header and in its namespace.
struct ItemTag {
  static constexpr int64_t kNone = -1;

  int64_t slot = kNone;  ///< place in the sequence of training samples, from 0
  int64_t step = kNone;  ///< from 1, as in a run's log

  bool empty() const { return slot == kNone && step == kNone; }
};

/// The tag of an item; empty for a type without one.
template <class T>
ItemTag tag_of(const T& item) {
  if constexpr (requires { item_tag(item); }) {
    return item_tag(item);
  } else {
    return {};
  }
}

}  // namespace arno

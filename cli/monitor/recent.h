// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <utility>

namespace arno::cli {

/// Values of the last seconds, for rates: the first and the last tell what came between.
template <class Value>
class Recent {
 public:
  /// `length_s`: seconds that it reaches back.
  explicit Recent(double length_s) : length_s_(length_s) {}

  /// `at`: seconds of any clock, ascending.
  void add(double at, Value value) {
    entries_.push_back({at, std::move(value)});
    // One from before the window stays, so that there is always a whole window to compare.
    while (entries_.size() > 2 && entries_[1].at <= at - length_s_) entries_.pop_front();
  }

  bool empty() const { return entries_.empty(); }
  // Only when it is not empty.
  const Value& first() const { return entries_.front().value; }
  const Value& last() const { return entries_.back().value; }
  double seconds() const { return entries_.back().at - entries_.front().at; }

 private:
  struct Entry {
    double at = 0;
    Value value;
  };
  double length_s_;
  std::deque<Entry> entries_;
};

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace arno {

/// Numbers distinct values from 0 on, in the order in which they first come.
template <class Value>
class Numbering {
 public:
  /// The number of a value: that of an equal earlier one, or the next.
  int32_t number(const Value& value) {
    const auto [found, fresh] = numbers_.emplace(value, static_cast<int32_t>(values_.size()));
    if (fresh) values_.push_back(value);
    return found->second;
  }
  /// The values by their numbers.
  const std::vector<Value>& values() const { return values_; }

 private:
  std::map<Value, int32_t> numbers_;
  std::vector<Value> values_;
};

}  // namespace arno

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace arno::ops {

/// Where the members of a group that is being formed leave their addresses for each other. Shared
/// by all of them; used from several threads at once. A group's keys start with its prefix, so one
/// store serves many groups.
class Store {
 public:
  virtual ~Store() = default;
  /// Each key is written once.
  virtual void put(const std::string& key, std::vector<char> value) = 0;
  /// Waits for the key; nothing when it does not come in time.
  virtual std::optional<std::vector<char>> get(const std::string& key,
                                               std::chrono::milliseconds patience) = 0;
};

/// A store for members in one process.
std::shared_ptr<Store> memory_store();

}  // namespace arno::ops

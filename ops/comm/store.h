// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
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

/// A store for members in one process. Thread-safe.
class MemoryStore final : public Store {
 public:
  void put(const std::string& key, std::vector<char> value) override;
  std::optional<std::vector<char>> get(const std::string& key,
                                       std::chrono::milliseconds patience) override;
  /// Nobody waits any more, now and later, and nothing is found.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<char>> values_;
  bool closed_ = false;
};
std::shared_ptr<Store> memory_store();

}  // namespace arno::ops

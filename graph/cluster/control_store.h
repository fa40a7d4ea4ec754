// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ops/comm/store.h"

namespace arno::graph {

/// The store of a job's groups (ops::Store) where its members are in several processes. Each
/// process has one and tells the others of every key over the control plane, the launcher those
/// that came from a node too; so get() asks nobody, and waits no longer than it may. Thread-safe.
class ControlStore final : public ops::Store {
 public:
  /// `tell`: hands a key that was put here to the other processes.
  using Tell = std::function<void(const std::string& key, const std::string& value)>;
  explicit ControlStore(Tell tell) : tell_(std::move(tell)) {}

  void put(const std::string& key, std::vector<char> value) override;
  std::optional<std::vector<char>> get(const std::string& key,
                                       std::chrono::milliseconds patience) override;

  /// Another process has put it.
  void learn(const std::string& key, const std::string& value);
  /// Nobody waits any more, now and later.
  void close() { known_.close(); }

 private:
  Tell tell_;
  ops::MemoryStore known_;
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/control_store.h"

namespace arno::graph {

void ControlStore::put(const std::string& key, std::vector<char> value) {
  const std::string text(value.begin(), value.end());
  learn(key, text);
  tell_(key, text);
}

std::optional<std::vector<char>> ControlStore::get(const std::string& key,
                                                   std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return closed_ || values_.contains(key); });
  const auto found = values_.find(key);
  if (closed_ || found == values_.end()) return {};
  return found->second;
}

void ControlStore::learn(const std::string& key, const std::string& value) {
  const std::scoped_lock lock(mutex_);
  values_.insert_or_assign(key, std::vector<char>(value.begin(), value.end()));
  changed_.notify_all();
}

void ControlStore::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace arno::graph

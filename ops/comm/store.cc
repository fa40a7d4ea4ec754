// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/store.h"

namespace arno::ops {

void MemoryStore::put(const std::string& key, std::vector<char> value) {
  const std::scoped_lock lock(mutex_);
  values_.insert_or_assign(key, std::move(value));
  changed_.notify_all();
}

std::optional<std::vector<char>> MemoryStore::get(const std::string& key,
                                                  std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return closed_ || values_.contains(key); });
  const auto found = values_.find(key);
  if (closed_ || found == values_.end()) return {};
  return found->second;
}

void MemoryStore::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::shared_ptr<Store> memory_store() { return std::make_shared<MemoryStore>(); }

}  // namespace arno::ops

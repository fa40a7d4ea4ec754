// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/store.h"

#include <condition_variable>
#include <map>
#include <mutex>

namespace arno::ops {
namespace {

class MemoryStore final : public Store {
 public:
  void put(const std::string& key, std::vector<char> value) override {
    const std::scoped_lock lock(mutex_);
    values_.insert_or_assign(key, std::move(value));
    changed_.notify_all();
  }

  std::optional<std::vector<char>> get(const std::string& key,
                                       std::chrono::milliseconds patience) override {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return values_.contains(key); })) return {};
    return values_.at(key);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<char>> values_;
};

}  // namespace

std::shared_ptr<Store> memory_store() { return std::make_shared<MemoryStore>(); }

}  // namespace arno::ops

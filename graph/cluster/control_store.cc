// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/control_store.h"

namespace arno::graph {

void ControlStore::put(const std::string& key, std::vector<char> value) {
  const std::string text(value.begin(), value.end());
  known_.put(key, std::move(value));
  tell_(key, text);
}

std::optional<std::vector<char>> ControlStore::get(const std::string& key,
                                                   std::chrono::milliseconds patience) {
  return known_.get(key, patience);
}

void ControlStore::learn(const std::string& key, const std::string& value) {
  known_.put(key, {value.begin(), value.end()});
}

}  // namespace arno::graph

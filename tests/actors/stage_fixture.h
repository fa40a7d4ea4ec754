// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "actors/builtin.h"
#include "actors/items.h"
#include "tests/support/tiny_shards.h"

namespace arno::actors {

/// Keeps what a stage emits.
class RecordingOutbox final : public graph::Outbox {
 public:
  void emit(int port, graph::Payload item) override { sent_.emplace_back(port, std::move(item)); }

  /// What left on a port since the last clear(), in order.
  template <class T>
  std::vector<std::shared_ptr<const T>> of(int port) const {
    std::vector<std::shared_ptr<const T>> out;
    for (const auto& [sent_port, item] : sent_) {
      if (sent_port == port) out.push_back(item.template share<T>());
    }
    return out;
  }
  size_t size() const { return sent_.size(); }
  void clear() { sent_.clear(); }

 private:
  std::vector<std::pair<int, graph::Payload>> sent_;
};

/// Makes stages from their YAML options, without a graph around them.
class StageTest : public ::testing::Test {
 protected:
  StageTest();

  /// Reads options of a kind; its problems as text, one a line ("" when there are none).
  std::string problems_of(const std::string& kind, const std::string& options) const;
  /// A stage. Throws config_invalid with the problems of its options.
  std::unique_ptr<graph::Stage> make(const std::string& kind, const std::string& options) const;
  /// Gives an item to input 0.
  template <class T>
  void give(graph::Stage& stage, T item) {
    stage.on_item(0, graph::Payload::of(std::move(item), 1), out_);
  }

  io::TemporaryFolder folder_;
  graph::Registry registry_;
  graph::StageContext context_;  ///< batches of 4; 100 steps at 32 pixels
  RecordingOutbox out_;
};

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "graph/cluster/wire.h"
#include "graph/messages.h"

namespace arno::graph {

/// What nodes tell of their shells becomes what shells here would have told. Thread-safe.
class NodeReports {
 public:
  /// `observer` may be null.
  NodeReports(SupervisorActor supervisor, JobObserver* observer)
      : supervisor_(std::move(supervisor)), observer_(observer) {}

  /// Takes a report of a node that is there. False for one that is not about shells.
  bool take(const std::string& node, NodeReport& report);
  /// Whether a shell has ended its streams.
  bool has_finished(int shell) const;
  /// What a shell has told of itself; nothing before it has.
  std::optional<ShellCounts> counts(int shell) const;

 private:
  SupervisorActor supervisor_;
  JobObserver* observer_;
  mutable std::mutex mutex_;
  std::map<int, ShellCounts> last_;  ///< by shell
  std::set<int> finished_;           ///< shells
};

}  // namespace arno::graph

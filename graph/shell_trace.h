// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/stage_driver.h"
#include "monitoring/trace.h"

namespace arno::graph {

/// The track of one replica of an actor in a trace: a span for each call into its stage, named
/// "kind.port" ("kind.produce" and so on where no item came), with slot and step of what it was
/// about, and one for each wait that a person would see.
class ShellTrace {
 public:
  using Clock = monitoring::TraceClock;

  /// `name`: of the replica. `batch_size`: slots of a step. The trace must outlive the object.
  ShellTrace(monitoring::Trace& trace, const std::string& name, const ActorKind& kind,
             int64_t batch_size);

  void call(const StageCall& call, Clock::time_point begin, Clock::time_point end);
  /// Waits that follow upon one another for the same reason become one span.
  void wait(Idle why, Clock::time_point begin, Clock::time_point end);

 private:
  void write_wait();

  monitoring::TraceTrack* track_;
  int64_t batch_size_;
  // Kinds of spans.
  std::vector<int> items_;  ///< by port
  std::map<StageCall::Kind, int> calls_;
  std::map<Idle, int> waits_;
  std::optional<monitoring::TraceSpan> wait_;  ///< may go on
};

}  // namespace arno::graph

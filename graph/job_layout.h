// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/drop_protocol.h"
#include "graph/lanes.h"

namespace arno::graph {

/// The plan of a running graph, how it is laid out, and what of it is gone. Knows neither actors
/// nor threads.
class JobLayout {
 public:
  /// Null before the first plan.
  const std::shared_ptr<const Plan>& plan() const { return plan_; }
  const LaneLayout& lanes() const { return layout_; }
  const PlannedShell& shell(int number) const { return layout_.shells.at(number); }

  /// The graph is now as this plan says.
  void adopt(Plan plan, LaneLayout layout);
  /// The graph stays as it was before a change that was refused. Of a job that never came to run
  /// (no `plan`) the refused plan stays: another start may succeed.
  void take_back(std::shared_ptr<const Plan> plan, LaneLayout before);
  /// The options of an actor are these from now on.
  void set_options(const std::string& actor, const std::shared_ptr<const ActorOptions>& options);

  /// Shells are gone, those on a node say, or all. Returns what that means for the others.
  DropShells drop(const std::string& node, const std::function<bool(int shell)>& is_gone);
  /// Lanes into these shells that wait for their end, as their producers are gone.
  std::vector<Lane> orphans(const std::vector<int>& shells) const;
  /// Whether lanes wait for their end, as their producers are gone.
  bool has_lost_inputs() const { return !lost_inputs_.empty(); }
  /// How often something was lost.
  int64_t losses() const { return losses_; }
  /// Once others have taken the place of what is gone: what is left to do. Nothing when more was
  /// lost since losses() was `known`: streams would end before others bring their items.
  std::optional<FinishRecovery> finish_recovery(int64_t known, bool sources_are_new);

 private:
  void forget_gone();

  std::shared_ptr<const Plan> plan_;
  LaneLayout layout_;             ///< of plan_
  std::set<int> gone_;            ///< shells
  std::map<int, int> lost_ends_;  ///< how many ends of a lane are there, and told
  int64_t losses_ = 0;
  std::vector<LostLane> lost_inputs_;  ///< lanes that wait for their end
};

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/job_layout.h"

#include <algorithm>

namespace arno::graph {

void JobLayout::adopt(Plan plan, LaneLayout layout) {
  plan_ = std::make_shared<const Plan>(std::move(plan));
  layout_ = std::move(layout);
  forget_gone();
}

void JobLayout::take_back(std::shared_ptr<const Plan> plan, LaneLayout before) {
  layout_ = taken_back(std::move(before), layout_);
  forget_gone();
  if (plan) plan_ = std::move(plan);
}

void JobLayout::set_options(const std::string& actor,
                            const std::shared_ptr<const ActorOptions>& options) {
  Plan plan = *plan_;
  for (PlannedActor& planned : plan.actors) {
    if (planned.name == actor) planned.options = options;
  }
  plan.config.actors[actor].options = RawConfig::from_text(options->to_yaml(0), "running job");
  plan_ = std::make_shared<const Plan>(std::move(plan));
}

DropShells JobLayout::drop(const std::string& node, const std::function<bool(int)>& is_gone) {
  DropShells out{.node = node};
  // Also what was on its way out of the job: its last items and the end of its streams may not have
  // arrived. For what had left long ago, orders change nothing.
  for (int id = 0; id < static_cast<int>(layout_.shells.size()); ++id) {
    if (!gone_.contains(id) && is_gone(id)) out.shells.push_back(id);
  }
  gone_.insert(out.shells.begin(), out.shells.end());
  if (!out.shells.empty()) ++losses_;
  for (const Lane& lane : layout_.lanes) {
    const bool producer = gone_.contains(lane.producer);
    const bool consumer = gone_.contains(lane.consumer);
    const int ends = (producer ? 1 : 0) + (consumer ? 1 : 0);
    if (ends == 0 || std::exchange(lost_ends_[lane.id], ends) == ends) continue;
    out.lanes.push_back({.lane = lane.id,
                         .other = producer ? lane.consumer : lane.producer,
                         .producer_lost = producer,
                         .consumer_lost = consumer});
    if (!consumer) lost_inputs_.push_back(out.lanes.back());
  }
  forget_gone();
  return out;
}

/// Takes what is gone out of the layout.
void JobLayout::forget_gone() {
  for (const int id : gone_) layout_.shells[id].present = false;
  for (Lane& lane : layout_.lanes) {
    if (!layout_.shells[lane.producer].present || !layout_.shells[lane.consumer].present) {
      lane.open = false;
    }
  }
}

std::vector<Lane> JobLayout::orphans(const std::vector<int>& shells) const {
  std::vector<Lane> out;
  for (const LostLane& lane : lost_inputs_) {
    if (std::ranges::find(shells, lane.other) == shells.end()) continue;
    out.push_back(layout_.lanes[lane.lane]);
  }
  return out;
}

std::optional<FinishRecovery> JobLayout::finish_recovery(int64_t known, bool sources_are_new) {
  if (losses_ != known) return std::nullopt;
  FinishRecovery out;
  for (const LostLane& lane : lost_inputs_) {
    if (!gone_.contains(lane.other)) out.ended.push_back(lane);
  }
  lost_inputs_.clear();
  for (size_t id = 0; id < layout_.shells.size() && !sources_are_new; ++id) {
    const PlannedShell& shell = layout_.shells[id];
    if (shell.present && shell.is_source()) out.sources.push_back(static_cast<int>(id));
  }
  return out;
}

}  // namespace arno::graph

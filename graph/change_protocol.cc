// SPDX-License-Identifier: Apache-2.0
#include "graph/change_protocol.h"

#include <algorithm>
#include <utility>

namespace arno::graph {

GraphChange GraphChange::of(const LaneLayout& layout, const LayoutChange& change) {
  const auto lanes = [&](const std::vector<int>& ids) {
    std::vector<Lane> out;
    for (const int id : ids) out.push_back(layout.lanes[id]);
    return out;
  };
  GraphChange out{.new_lanes = lanes(change.new_lanes),
                  .resized_lanes = lanes(change.resized_lanes),
                  .closed_lanes = lanes(change.closed_lanes),
                  .new_shells = change.new_shells,
                  .leaving_shells = change.leaving_shells};
  for (const int shell : change.leaving_shells) {
    if (layout.shells[shell].is_source()) out.leaving_sources.insert(shell);
  }
  return out;
}

ChangeProtocol::ChangeProtocol(ChangeOrders& orders, GraphChange change, Done done)
    : orders_(orders),
      change_(std::move(change)),
      done_(std::move(done)),
      awaited_(change_.leaving_shells.begin(), change_.leaving_shells.end()) {}

void ChangeProtocol::begin() {
  for (const Lane& lane : change_.new_lanes) unanswered_.insert(lane.id);
  unjoined_ = unanswered_;
  for (const Lane& lane : change_.new_lanes) orders_.add_input(lane);
  if (unanswered_.empty()) join();
}

void ChangeProtocol::on_input_added(int lane, bool taken) {
  const auto found = std::ranges::find(change_.new_lanes, lane, &Lane::id);
  if (found == change_.new_lanes.end()) return;
  if (refused_ && taken) orders_.end_input(*found);
  if (unanswered_.erase(lane) == 0) return;
  if (taken) taken_.push_back(*found);
  if (!unanswered_.empty()) return;
  if (!lost_ && taken_.size() == change_.new_lanes.size()) {
    join();
  } else {
    refuse();
  }
}

void ChangeProtocol::join() {
  joined_ = true;
  for (const Lane& lane : change_.resized_lanes) orders_.resize(lane);
  for (const Lane& lane : change_.new_lanes) orders_.add_output(lane);
  for (const int shell : change_.new_shells) orders_.start(shell);
  cut_off();
  for (const int shell : early_) release(shell);
  finish_when_through();
}

/// What leaves may still need its back edges to end.
void ChangeProtocol::cut_off() {
  for (const Lane& lane : change_.closed_lanes) {
    const bool needed = lane.back && awaited_.contains(lane.consumer);
    // A shell that leaves ends its own outputs when it is through.
    if (!needed && !awaited_.contains(lane.producer)) orders_.close_output(lane);
  }
  for (const int shell : change_.leaving_sources) orders_.drain(shell);
  end_orphans();
}

/// What leaves waits for nothing that was lost: it is delivered anew to others.
void ChangeProtocol::end_orphans() {
  for (const Lane& lane : std::exchange(change_.orphans, {})) orders_.end_input(lane);
}

void ChangeProtocol::on_finished(int shell) {
  if (awaited_.erase(shell) == 0) return;
  // While the change may be refused nobody goes.
  if (!joined_) {
    early_.push_back(shell);
    return;
  }
  release(shell);
  finish_when_through();
}

void ChangeProtocol::release(int shell) {
  for (const Lane& lane : change_.closed_lanes) {
    if (lane.consumer == shell && lane.back) orders_.close_output(lane);
  }
  orders_.leave(shell);
}

void ChangeProtocol::on_output_added(int lane) {
  if (unjoined_.erase(lane) != 0) finish_when_through();
}

/// Not before every producer has its lanes: whoever waits for the change may send again what was
/// lost, and a producer without a lane would drop it.
void ChangeProtocol::finish_when_through() {
  if (joined_ && awaited_.empty() && unjoined_.empty() && !is_done()) finish("");
}

void ChangeProtocol::on_lost(const DropShells& lost) {
  for (const LostLane& lane : lost.lanes) {
    lost_ |= lane.consumer_lost && !unanswered_.empty() &&
             std::ranges::find(change_.new_lanes, lane.lane, &Lane::id) != change_.new_lanes.end();
  }
  for (const LostLane& lane : lost.lanes) {
    if (lane.consumer_lost) on_input_added(lane.lane, false);
    if (lane.producer_lost) on_output_added(lane.lane);
  }
  for (const int shell : lost.shells) on_finished(shell);
  for (const LostLane& lane : lost.lanes) {
    if (lane.consumer_lost || !awaited_.contains(lane.other)) continue;
    change_.orphans.push_back({.id = lane.lane, .consumer = lane.other});
  }
  if (joined_) end_orphans();
}

void ChangeProtocol::refuse() {
  refused_ = true;
  for (const Lane& lane : taken_) orders_.end_input(lane);
  for (const int shell : change_.new_shells) orders_.discard(shell);
  awaited_.clear();
  finish(lost_ ? "an actor that it would join was lost" : kAtEndOfStream);
}

void ChangeProtocol::cancel() {
  if (!is_done()) finish("the job has ended");
}

void ChangeProtocol::finish(const std::string& error) { std::exchange(done_, nullptr)(error); }

}  // namespace arno::graph

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
  if (taken_.size() == change_.new_lanes.size()) {
    join();
  } else {
    refuse();
  }
}

void ChangeProtocol::join() {
  for (const Lane& lane : change_.resized_lanes) orders_.resize(lane);
  for (const Lane& lane : change_.new_lanes) orders_.add_output(lane);
  for (const int shell : change_.new_shells) orders_.start(shell);
  cut_off();
  if (awaited_.empty()) finish("");
}

/// What leaves may still need its back edges to end.
void ChangeProtocol::cut_off() {
  for (const Lane& lane : change_.closed_lanes) {
    const bool needed = lane.back && awaited_.contains(lane.consumer);
    // A shell that leaves ends its own outputs when it is through.
    if (!needed && !awaited_.contains(lane.producer)) orders_.close_output(lane);
  }
  for (const int shell : change_.leaving_sources) orders_.drain(shell);
}

void ChangeProtocol::on_finished(int shell) {
  if (awaited_.erase(shell) == 0) return;
  for (const Lane& lane : change_.closed_lanes) {
    if (lane.consumer == shell && lane.back) orders_.close_output(lane);
  }
  orders_.leave(shell);
  if (awaited_.empty() && unanswered_.empty()) finish("");
}

void ChangeProtocol::refuse() {
  refused_ = true;
  for (const Lane& lane : taken_) orders_.end_input(lane);
  for (const int shell : change_.new_shells) orders_.discard(shell);
  awaited_.clear();
  finish("an actor that it would join has come to the end of its stream");
}

void ChangeProtocol::cancel() {
  if (!is_done()) finish("the job has ended");
}

void ChangeProtocol::finish(const std::string& error) { std::exchange(done_, nullptr)(error); }

}  // namespace arno::graph

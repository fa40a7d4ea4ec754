// SPDX-License-Identifier: Apache-2.0
#include "graph/drop_protocol.h"

#include <algorithm>

namespace arno::graph {

void DropProtocol::on_lost(const DropShells& lost) {
  // One that is lost itself has nothing to let go of.
  std::erase_if(letting_go_, [&](const auto& entry) {
    return std::ranges::find(lost.shells, entry.second) != lost.shells.end();
  });
  for (const LostLane& lane : lost.lanes) {
    if (lane.producer_lost) continue;
    if (!finished_.contains(lane.other)) letting_go_[lane.lane] = lane.other;
    orders_.drop_output(lane.other, lane.lane);
  }
  go_on();
}

void DropProtocol::on_output_dropped(int lane) {
  letting_go_.erase(lane);
  go_on();
}

void DropProtocol::on_finished(int shell) {
  finished_.insert(shell);
  std::erase_if(letting_go_, [&](const auto& entry) { return entry.second == shell; });
  go_on();
}

void DropProtocol::finish(const FinishRecovery& rest) {
  if (!rest_) rest_.emplace();
  rest_->ended.insert(rest_->ended.end(), rest.ended.begin(), rest.ended.end());
  rest_->sources = rest.sources;
  go_on();
}

/// What was under way to a lost shell is sent again only when nobody sends to it any more.
void DropProtocol::go_on() {
  if (!letting_go_.empty() || !rest_) return;
  for (const LostLane& lane : rest_->ended) orders_.end_lost_input(lane.other, lane.lane);
  for (const int source : rest_->sources) orders_.redeliver(source);
  rest_.reset();
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/output_lanes.h"

#include <algorithm>
#include <utility>

namespace arno::graph {

void OutputLanes::add(const OutputLane& lane, bool ended) {
  const auto after = std::ranges::upper_bound(
      senders_, lane.edge, {}, [](const Sender& sender) { return sender.lane.edge; });
  senders_.insert(after, {lane, CreditWindow(lane.capacity_items, lane.capacity_bytes), ended});
  if (ended) courier_.end(lane.lane);
}

void OutputLanes::close(int lane) {
  Sender* sender = find(lane);
  if (!sender || std::exchange(sender->closed, true)) return;
  courier_.end(lane);
}

void OutputLanes::close_all() {
  for (Sender& sender : senders_) {
    if (!std::exchange(sender.closed, true)) courier_.end(sender.lane.lane);
  }
}

void OutputLanes::drop(int lane) {
  Sender* sender = find(lane);
  if (!sender) return;
  sender->closed = true;
  sender->window.settle();
}

void OutputLanes::resize(int lane, int64_t capacity_items, int64_t capacity_bytes) {
  if (Sender* sender = find(lane)) sender->window.resize(capacity_items, capacity_bytes);
}

bool OutputLanes::acknowledge(int lane, uint64_t items, int64_t bytes) {
  Sender* sender = find(lane);
  if (!sender) return false;
  sender->window.acknowledge(items, bytes);
  return true;
}

OutputLanes::Sender* OutputLanes::find(int lane) {
  const auto found =
      std::ranges::find(senders_, lane, [](const Sender& sender) { return sender.lane.lane; });
  return found == senders_.end() ? nullptr : &*found;
}

bool OutputLanes::has_credit(int port, int64_t bytes) {
  chosen_.clear();
  left_out_.clear();
  for (size_t first = 0, last = 0; first < senders_.size(); first = last) {
    Sender* best = nullptr;
    bool open = false;
    const OutputLane& share = senders_[first].lane;
    for (; last < senders_.size() && senders_[last].lane.edge == share.edge &&
           senders_[last].lane.share == share.share;
         ++last) {
      Sender& sender = senders_[last];
      if (sender.lane.port != port || sender.closed) continue;
      open = true;
      if (!sender.window.admits(bytes)) continue;
      if (!best || sender.window.free_items() > best->window.free_items()) best = &sender;
    }
    if (!open) continue;
    if (best) {
      chosen_.push_back(best);
    } else if (share.lossy) {
      left_out_.push_back(&senders_[first]);
    } else {
      return false;
    }
  }
  return true;
}

bool OutputLanes::send(Payload item) {
  const auto bytes = static_cast<int64_t>(item.size_bytes());
  for (Sender* sender : chosen_) sender->window.send(bytes);
  for (Sender* sender : left_out_) ++sender->dropped;
  if (chosen_.empty()) return false;
  for (size_t i = 0; i + 1 < chosen_.size(); ++i) courier_.deliver(chosen_[i]->lane.lane, item);
  courier_.deliver(chosen_.back()->lane.lane, std::move(item));
  return true;
}

EdgeCounts OutputLanes::edge(int edge) const {
  EdgeCounts out;
  for (const Sender& sender : senders_) {
    if (sender.lane.edge != edge) continue;
    out.items += sender.window.items_sent();
    out.bytes += sender.window.bytes_sent();
    out.in_flight += sender.window.items_in_flight();
    out.dropped += sender.dropped;
  }
  return out;
}

}  // namespace arno::graph

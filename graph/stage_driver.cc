// SPDX-License-Identifier: Apache-2.0
#include "graph/stage_driver.h"

#include <algorithm>

namespace arno::graph {

StageDriver::StageDriver(const ActorKind& kind, std::shared_ptr<Stage> stage,
                         std::vector<InputLane> inputs, std::vector<OutputLane> outputs,
                         Courier& courier)
    : kind_(kind), stage_(std::move(stage)), courier_(courier) {
  for (const InputLane& lane : inputs) receipts_.push_back({.lane = lane});
  for (const OutputLane& lane : outputs) {
    senders_.push_back({lane, CreditWindow(lane.capacity_items, lane.capacity_bytes)});
  }
  is_source_ = std::ranges::all_of(kind_.inputs, &Port::back_edge);
}

void StageDriver::on_item(int lane, Payload item) {
  const auto found =
      std::ranges::find(receipts_, lane, [](const Receipt& r) { return r.lane.lane; });
  ARNO_CHECK(found != receipts_.end(), Errc::comm_failed, "[{}] item on unknown lane {}",
             kind_.name, lane);
  queue_.push_back({static_cast<size_t>(found - receipts_.begin()), std::move(item)});
}

void StageDriver::on_acknowledge(int lane, uint64_t items, int64_t bytes) {
  for (Sender& sender : senders_) {
    if (sender.lane.lane == lane) sender.window.acknowledge(items, bytes);
  }
}

void StageDriver::on_end(int lane) {
  for (Receipt& receipt : receipts_) {
    if (receipt.lane.lane == lane) receipt.ended = true;
  }
}

void StageDriver::on_drain() {
  stage_->on_drain();
  source_waits_ = false;
}

std::optional<Idle> StageDriver::run(int budget) {
  for (int done = 0; done < budget; ++done) {
    if (finished_) return Idle::finished;
    if (failed_) return Idle::failed;
    if (!send_pending()) {
      acknowledge_all(true);
      return Idle::blocked;
    }
    if (handle_next() || ask_source() || end_of_stream()) {
      if (!failed_) acknowledge_all(false);
      continue;
    }
    if (failed_) return Idle::failed;
    acknowledge_all(true);
    if (finished_) return Idle::finished;
    return is_source_ && !source_waits_ && !source_finished_ ? Idle::blocked : Idle::starved;
  }
  return std::nullopt;
}

void StageDriver::emit(int port, Payload item) {
  ARNO_CHECK(item.type() == kind_.outputs[port].type, Errc::invalid_argument,
             "[{}] output \"{}\" carries {}, the stage emitted another type", kind_.name,
             kind_.outputs[port].name, kind_.outputs[port].type_name);
  pending_.push_back({port, std::move(item)});
}

bool StageDriver::send_pending() {
  while (!pending_.empty()) {
    const auto lanes = lanes_for(pending_.front());
    if (!lanes) return false;
    const Emission emission = std::move(pending_.front());
    pending_.pop_front();
    const auto bytes = static_cast<int64_t>(emission.item.size_bytes());
    for (Sender* sender : *lanes) {
      sender->window.send(bytes);
      courier_.deliver(sender->lane.lane, emission.item);
    }
    items_sent_ += lanes->empty() ? 0 : 1;
    bytes_sent_ += lanes->empty() ? 0 : bytes;
  }
  return true;
}

std::optional<std::vector<StageDriver::Sender*>> StageDriver::lanes_for(const Emission& emission) {
  const auto bytes = static_cast<int64_t>(emission.item.size_bytes());
  std::vector<Sender*> chosen;
  // Senders are sorted by edge: the best lane of each run of one edge.
  for (size_t first = 0, last = 0; first < senders_.size(); first = last) {
    Sender* best = nullptr;
    for (; last < senders_.size() && senders_[last].lane.edge == senders_[first].lane.edge;
         ++last) {
      Sender& sender = senders_[last];
      if (!sender.window.admits(bytes)) continue;
      if (!best || sender.window.free_items() > best->window.free_items()) best = &sender;
    }
    if (senders_[first].lane.port != emission.port) continue;
    if (!best) return std::nullopt;
    chosen.push_back(best);
  }
  return chosen;
}

bool StageDriver::outputs_have_credit() {
  for (int port = 0; port < static_cast<int>(kind_.outputs.size()); ++port) {
    if (!lanes_for({port, Payload()})) return false;
  }
  return true;
}

void StageDriver::acknowledge_all(bool even_few) {
  for (Receipt& receipt : receipts_) {
    const uint64_t due = receipt.handled - receipt.acknowledged;
    // A message for every item would cost as much as the item: a quarter of the credit will do.
    const auto enough =
        static_cast<uint64_t>(std::max<int64_t>(1, receipt.lane.capacity_items / 4));
    if (due == 0 || (!even_few && due < enough) || !pending_.empty()) continue;
    receipt.acknowledged = receipt.handled;
    courier_.acknowledge(receipt.lane.lane, receipt.handled, receipt.bytes);
  }
}

std::deque<StageDriver::Queued>::iterator StageDriver::next_acceptable() {
  return std::ranges::find_if(queue_, [&](const Queued& queued) {
    return stage_->accepts(receipts_[queued.receipt].lane.port);
  });
}

/// Runs a call into the stage. What it emitted before it failed is forgotten.
template <class Call>
bool StageDriver::guarded(Call call) {
  const size_t kept = pending_.size();
  try {
    call();
    return true;
  } catch (const Error& error) {
    failure_ = {error.code(), error.what()};
  } catch (const std::exception& error) {
    failure_ = {Errc::library_failed, error.what()};
  }
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(kept), pending_.end());
  failed_ = true;
  return false;
}

bool StageDriver::handle_next() {
  const auto next = next_acceptable();
  if (next == queue_.end()) return false;
  Queued queued = std::move(*next);
  queue_.erase(next);
  Receipt& receipt = receipts_[queued.receipt];
  source_waits_ = false;
  const bool handled = guarded([&] { stage_->on_item(receipt.lane.port, queued.item, *this); });
  if (!handled) {
    failed_item_ = std::move(queued);
    return false;
  }
  ++items_handled_;
  ++receipt.handled;
  receipt.bytes += static_cast<int64_t>(queued.item.size_bytes());
  return true;
}

bool StageDriver::ask_source() {
  if (!is_source_ || source_finished_ || source_waits_ || failed_ || !outputs_have_credit()) {
    return false;
  }
  Produced produced = Produced::finished;
  if (!guarded([&] { produced = stage_->produce(*this); })) return false;
  source_finished_ = produced == Produced::finished;
  source_waits_ = produced == Produced::waiting;
  return produced == Produced::item || source_finished_;
}

bool StageDriver::is_back_edge(size_t receipt) const {
  return kind_.inputs[receipts_[receipt].lane.port].back_edge;
}

bool StageDriver::forward_inputs_ended() const {
  for (size_t i = 0; i < receipts_.size(); ++i) {
    if (!receipts_[i].ended && !is_back_edge(i)) return false;
  }
  return true;
}

bool StageDriver::end_of_stream() {
  if (failed_ || !queue_.empty() || stage_->has_pending_work()) return false;
  if (is_source_ ? !source_finished_ : !forward_inputs_ended()) return false;
  if (!flushed_) {
    flushed_ = true;
    return guarded([&] { stage_->on_end(*this); });
  }
  for (const Sender& sender : senders_) courier_.end(sender.lane.lane);
  finished_ = true;
  return false;
}

void StageDriver::restart(std::shared_ptr<Stage> stage) {
  stage_ = std::move(stage);
  failed_ = false;
  if (failed_item_) queue_.push_front(std::move(*failed_item_));
  failed_item_.reset();
}

bool StageDriver::skip() {
  if (!failed_item_) return false;
  bool accounted = false;
  failed_ = false;
  const Queued queued = std::move(*failed_item_);
  failed_item_.reset();
  const std::string cause = failure_.text;
  if (!guarded([&] { accounted = stage_->on_skip(queued.item, cause, *this); })) return false;
  failed_ = !accounted;
  if (!accounted) return false;
  Receipt& receipt = receipts_[queued.receipt];
  ++receipt.handled;
  receipt.bytes += static_cast<int64_t>(queued.item.size_bytes());
  return true;
}

int64_t StageDriver::in_flight(int edge) const {
  int64_t total = 0;
  for (const Sender& sender : senders_) {
    if (sender.lane.edge == edge) total += sender.window.items_in_flight();
  }
  return total;
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/stage_driver.h"

#include <algorithm>

namespace arno::graph {

StageDriver::StageDriver(const ActorKind& kind, std::shared_ptr<Stage> stage, Courier& courier)
    : kind_(kind),
      stage_(std::move(stage)),
      courier_(courier),
      outputs_(courier),
      held_(kind.inputs.size()) {
  is_source_ = std::ranges::all_of(kind_.inputs, &Port::back_edge);
}

bool StageDriver::add_input(const InputLane& lane) {
  if (finished_) return false;
  receipts_.push_back({.lane = lane});
  return true;
}

void StageDriver::resize(int lane, int64_t capacity_items, int64_t capacity_bytes) {
  outputs_.resize(lane, capacity_items, capacity_bytes);
  for (Receipt& receipt : receipts_) {
    if (receipt.lane.lane != lane) continue;
    receipt.lane.capacity_items = capacity_items;
    receipt.lane.capacity_bytes = capacity_bytes;
  }
}

void StageDriver::on_item(int lane, Payload item) {
  const auto found =
      std::ranges::find(receipts_, lane, [](const Receipt& r) { return r.lane.lane; });
  ARNO_CHECK(found != receipts_.end(), Errc::comm_failed,
             "[{}] an item came on lane {}, which is not one of its inputs", kind_.name, lane);
  if (found->ended) {
    // Its producer was given up, and what it had not brought is delivered anew.
    ++counts_.discarded;
    return;
  }
  queue_.push_back({static_cast<size_t>(found - receipts_.begin()), std::move(item)});
}

void StageDriver::on_acknowledge(int lane, uint64_t items, int64_t bytes) {
  ARNO_CHECK(outputs_.acknowledge(lane, items, bytes), Errc::comm_failed,
             "[{}] an acknowledgement came on lane {}, which is not one of its outputs", kind_.name,
             lane);
}

void StageDriver::on_end(int lane) {
  for (Receipt& receipt : receipts_) {
    if (receipt.lane.lane == lane) receipt.ended = true;
  }
}

void StageDriver::on_drain() {
  draining_ = true;
  source_waits_ = false;
  if (!failed_ && !finished_) guarded({StageCall::drain}, [&] { stage_->on_drain(); });
}

std::optional<Idle> StageDriver::run(int budget) {
  if (!flush()) return Idle::blocked;
  for (int done = 0; done < budget; ++done) {
    if (failed_) return Idle::failed;
    if (finished_) {
      discard_queue();
      return Idle::finished;
    }
    const bool worked = handle_next() || ask_source() || end_of_stream();
    if (!flush()) return Idle::blocked;
    if (!worked) return idle();
  }
  return std::nullopt;
}

void StageDriver::emit(int port, Payload item) {
  ARNO_CHECK(port >= 0 && port < static_cast<int>(kind_.outputs.size()), Errc::invalid_argument,
             "[{}] emitted to output {}, expected one of its {}", kind_.name, port,
             kind_.outputs.size());
  ARNO_CHECK(item.type() == kind_.outputs[port].type, Errc::invalid_argument,
             "[{}] output \"{}\" carries {}, the stage emitted another type", kind_.name,
             kind_.outputs[port].name, kind_.outputs[port].type_name);
  pending_.push_back({port, std::move(item)});
}

/// Sends what has been emitted and returns the credit that is due. False when credit is missing.
bool StageDriver::flush() {
  if (!send_pending()) {
    acknowledge_all(true);
    return false;
  }
  if (unsettled_) {
    settle(*unsettled_);
    unsettled_.reset();
  }
  return_held();
  acknowledge_all(false);
  return true;
}

bool StageDriver::send_pending() {
  while (!pending_.empty()) {
    const auto bytes = static_cast<int64_t>(pending_.front().item.size_bytes());
    if (!outputs_.has_credit(pending_.front().port, bytes)) return false;
    Payload item = std::move(pending_.front().item);
    pending_.pop_front();
    if (!outputs_.send(std::move(item))) continue;
    ++counts_.sent;
    counts_.sent_bytes += bytes;
  }
  return true;
}

bool StageDriver::outputs_have_credit() {
  for (int port = 0; port < static_cast<int>(kind_.outputs.size()); ++port) {
    if (!outputs_.has_credit(port, 0)) return false;
  }
  return true;
}

/// What an item made emit has been sent: its credit returns, unless the stage still works on it.
void StageDriver::settle(const Queued& queued) {
  const int port = receipts_[queued.receipt].lane.port;
  const Held held{queued.receipt, static_cast<int64_t>(queued.item.size_bytes())};
  if (held_[port].empty() && stage_->holds(port) == 0) {
    count_as_handled(held);
  } else {
    held_[port].push_back(held);
  }
}

void StageDriver::return_held() {
  for (size_t port = 0; port < held_.size(); ++port) {
    std::deque<Held>& held = held_[port];
    if (held.empty()) continue;
    const int64_t kept = finished_ ? 0 : stage_->holds(static_cast<int>(port));
    for (; static_cast<int64_t>(held.size()) > kept; held.pop_front()) {
      count_as_handled(held.front());
    }
  }
}

void StageDriver::count_as_handled(const Held& held) {
  Receipt& receipt = receipts_[held.receipt];
  ++receipt.handled;
  receipt.bytes += held.bytes;
}

void StageDriver::acknowledge_all(bool even_few) {
  for (Receipt& receipt : receipts_) {
    const auto due = static_cast<int64_t>(receipt.handled - receipt.acknowledged);
    if (due == 0) continue;
    // A message for every item would cost as much as the item: a quarter of the credit will do.
    const bool many = due >= receipt.lane.capacity_items / 4 ||
                      receipt.bytes - receipt.acknowledged_bytes >= receipt.lane.capacity_bytes / 4;
    if (!many && !even_few) continue;
    receipt.acknowledged = receipt.handled;
    receipt.acknowledged_bytes = receipt.bytes;
    courier_.acknowledge(receipt.lane.lane, receipt.handled, receipt.bytes);
  }
}

/// Runs a call into the stage. What it emitted before it failed is forgotten.
template <class Call>
bool StageDriver::guarded(const StageCall& what, Call call) {
  const size_t kept = pending_.size();
  ++counts_.calls;
  call_ = what;
  try {
    call();
    if (call_.tag.empty() && pending_.size() > kept) call_.tag = pending_[kept].item.tag();
    return true;
  } catch (...) {
    failure_ = failure_of(std::current_exception());
  }
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(kept), pending_.end());
  failed_ = true;
  return false;
}

bool StageDriver::has_room_for(int port) {
  const std::optional<Room> room = stage_->room_for(port);
  if (!room || outputs_.has_credit(room->port, room->bytes)) return true;
  waits_for_room_ = true;
  return false;
}

bool StageDriver::handle_next() {
  waits_for_room_ = false;
  const auto next = std::ranges::find_if(queue_, [&](const Queued& queued) {
    const int port = receipts_[queued.receipt].lane.port;
    return stage_->accepts_item(port, queued.item) && has_room_for(port);
  });
  if (next == queue_.end()) return false;
  Queued queued = std::move(*next);
  queue_.erase(next);
  source_waits_ = false;
  const int port = receipts_[queued.receipt].lane.port;
  const StageCall call{StageCall::item, port, queued.item.tag()};
  if (guarded(call, [&] { stage_->on_item(port, queued.item, *this); })) {
    ++counts_.handled;
    unsettled_ = std::move(queued);
  } else {
    failed_item_ = std::move(queued);
  }
  return true;
}

bool StageDriver::ask_source() {
  if (!is_source_ || source_finished_ || source_waits_ || !outputs_have_credit()) return false;
  Produced produced = Produced::item;
  if (guarded({StageCall::produce}, [&] { produced = stage_->produce(*this); })) {
    source_finished_ = produced == Produced::finished;
    source_waits_ = produced == Produced::waiting;
  }
  return true;
}

bool StageDriver::end_of_stream() {
  if (!queue_.empty() || stage_->has_pending_work()) return false;
  if (is_source_ ? !source_finished_ : !forward_inputs_ended()) return false;
  if (!flushed_) {
    flushed_ = guarded({StageCall::end}, [&] { stage_->on_end(*this); });
    return true;
  }
  outputs_.close_all();
  finished_ = true;
  return true;
}

/// Returns all credit, as nothing may be missing while the actor waits, and says what it waits
/// for.
Idle StageDriver::idle() {
  acknowledge_all(true);
  if (waits_for_room_) return Idle::blocked;
  if (is_source_ && !source_finished_ && !source_waits_) return Idle::blocked;
  if (!is_stuck()) return Idle::starved;
  failure_ = {
      Errc::invalid_argument,
      fmt::format("[{}] all inputs have ended, but {} items wait that the stage does not "
                  "accept{}",
                  kind_.name, queue_.size(),
                  stage_->has_pending_work() || source_waits_ ? ", and it waits for more" : ""),
      true};
  failed_ = true;
  return Idle::failed;
}

/// Whether nothing that may still arrive can let the stage go on.
bool StageDriver::is_stuck() const {
  if (all_inputs_ended()) return true;
  const bool last = is_source_ ? source_finished_ : forward_inputs_ended();
  return last && !queue_.empty() && !stage_->has_pending_work();
}

bool StageDriver::forward_inputs_ended() const {
  return std::ranges::all_of(receipts_, [&](const Receipt& receipt) {
    return receipt.ended || kind_.inputs[receipt.lane.port].back_edge;
  });
}

bool StageDriver::all_inputs_ended() const {
  return std::ranges::all_of(receipts_, &Receipt::ended);
}

/// After the end only a back edge can bring items; its sender must get the credit back to end too.
void StageDriver::discard_queue() {
  return_held();
  for (const Queued& queued : queue_) {
    count_as_handled({queued.receipt, static_cast<int64_t>(queued.item.size_bytes())});
  }
  counts_.discarded += queued();
  queue_.clear();
  acknowledge_all(true);
}

void StageDriver::restart(std::shared_ptr<Stage> stage) {
  stage_ = std::move(stage);
  failed_ = false;
  if (failed_item_) queue_.push_front(std::move(*failed_item_));
  failed_item_.reset();
  if (draining_) guarded({StageCall::drain}, [&] { stage_->on_drain(); });
}

void StageDriver::skip() {
  const std::string cause = failure_.text;
  bool accounted = false;
  failed_ = false;
  if (failed_item_) {
    guarded({StageCall::skip, 0, failed_item_->item.tag()},
            [&] { accounted = stage_->on_skip(failed_item_->item, cause, *this); });
  }
  if (accounted && !failed_) {
    ++counts_.skipped;
    unsettled_ = std::move(failed_item_);
    failed_item_.reset();
    return;
  }
  if (!failed_) failure_.text = cause + " (the stage cannot skip what it failed on)";
  failure_.fatal = true;
  failed_ = true;
}

}  // namespace arno::graph

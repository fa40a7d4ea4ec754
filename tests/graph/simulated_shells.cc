// SPDX-License-Identifier: Apache-2.0
// What the supervisor and the shells of a simulation do with what arrives.
#include <algorithm>

#include "tests/graph/simulation.h"

namespace arno::graph {

void Simulation::supervise(const Event& event) {
  switch (event.kind) {
    case Event::finished:
      if (shells_[event.lane].forgotten) return;
      shells_[event.lane].through = true;
      change_->on_finished(event.lane);
      return losses_->on_finished(event.lane);
    case Event::output_added:
      return change_->on_output_added(event.lane);
    case Event::output_dropped:
      return losses_->on_output_dropped(event.lane);
    default:
      return change_->on_input_added(event.lane, event.kind == Event::input_taken);
  }
}

void Simulation::acknowledge(const Event& event, StageDriver& driver) {
  LaneBook& book = books_[event.lane];
  if (!book.settled) {
    book.items -= static_cast<int64_t>(event.items - book.acknowledged.first);
    book.bytes -= event.bytes - book.acknowledged.second;
    book.acknowledged = {event.items, event.bytes};
  }
  driver.on_acknowledge(event.lane, event.items, event.bytes);
  old_acknowledgements_.push_back(event);
}

void Simulation::handle(int id, Shell& shell, Event event) {
  StageDriver& driver = *shell.driver;
  switch (event.kind) {
    case Event::item:
      return driver.on_item(event.lane, std::move(event.payload));
    case Event::acknowledge:
      return acknowledge(event, driver);
    case Event::end:
      return driver.on_end(event.lane);
    case Event::drain:
      return driver.on_drain();
    case Event::start:
      shell.started = true;
      return;
    case Event::add_input: {
      const bool taken = driver.add_input(event.laid.input());
      return put(id, kSupervisor,
                 {.kind = taken ? Event::input_taken : Event::input_refused, .lane = event.lane});
    }
    case Event::add_output:
      driver.add_output(event.laid.output());
      return put(id, kSupervisor, {.kind = Event::output_added, .lane = event.lane});
    case Event::close_output:
      return driver.close_output(event.lane);
    case Event::drop_output:
      driver.drop_output(event.lane);
      books_[event.lane].items = books_[event.lane].bytes = 0;
      books_[event.lane].settled = true;
      return put(id, kSupervisor, {.kind = Event::output_dropped, .lane = event.lane});
    case Event::redeliver:
      return driver.on_redeliver();
    case Event::resize:
      return driver.resize(event.lane, event.laid.capacity_items, event.laid.capacity_bytes);
    case Event::leave:
      shell.leaving = true;
      return;
    default:
      return;
  }
}

void Simulation::arrive(int id, Event event) {
  if (id == kSupervisor) return supervise(event);
  Shell& shell = shells_[id];
  if (shell.gone) return;
  handle(id, shell, std::move(event));
  if (!shell.started) return;
  // A shell may take in several messages before it works.
  if (random_.below(4) == 0) return put(id, id, {.kind = Event::work});
  shell.idle = shell.driver->run(static_cast<int>(1 + random_.below(4)));
  if (!shell.idle) put(id, id, {.kind = Event::work});
  if (shell.idle == Idle::finished && !std::exchange(shell.reported, true)) {
    put(id, kSupervisor, {.kind = Event::finished, .lane = id});
  }
  if (shell.idle == Idle::failed) problem_ = decide(shell, id);
  if (problem_.empty()) problem_ = check_lanes(id);
  if (shell.leaving && shell.idle == Idle::finished && shell.driver->is_done()) shell.gone = true;
}

std::string Simulation::decide(Shell& shell, int id) {
  const PlannedShell& planned = layout_.lanes().shells[id];
  const PlannedActor& actor = planned.actor;
  const StageFailure& failure = shell.driver->failure();
  if (failure.fatal || actor.on_error == "stop" || ++shell.errors > actor.max_errors) {
    return failure.text;
  }
  if (actor.on_error == "skip") {
    shell.driver->skip();
  } else {
    shell.stage = actor.options->make_stage(context_of(planned));
    shell.driver->restart(shell.stage);
  }
  put(id, id, {.kind = Event::work});
  return "";
}

std::string Simulation::check_lanes(int producer) const {
  std::map<int, int64_t> by_edge;
  for (const int lane : outputs_[producer]) {
    const LaneBook& book = books_[lane];
    const Lane& most = book.widest;
    by_edge[most.edge] += book.items;
    // One item larger than the byte budget may be under way, alone.
    if (book.items > most.capacity_items ||
        book.bytes > std::max(most.capacity_bytes, book.largest)) {
      return fmt::format("lane {}: {} items of {} bytes under way, {} of {} allowed", lane,
                         book.items, book.bytes, most.capacity_items, most.capacity_bytes);
    }
  }
  for (const auto& [edge, items] : by_edge) {
    const int64_t counted = shells_[producer].driver->edge(edge).in_flight;
    if (counted == items) continue;
    return fmt::format("edge {}: {} items under way, {} counted", edge, items, counted);
  }
  return "";
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/simulation.h"

#include <algorithm>

namespace arno::graph {

namespace {

constexpr int kSupervisor = -1;

}  // namespace

/// Puts what a driver sends into the channels.
class Simulation::Post final : public Courier {
 public:
  Post(Simulation& simulation, int shell) : simulation_(simulation), shell_(shell) {}
  void deliver(int lane, Payload item) override {
    const int edge = simulation_.layout_.lanes[lane].edge;
    const auto bytes = static_cast<int64_t>(item.size_bytes());
    ++simulation_.under_way_[edge];
    simulation_.bytes_under_way_[edge] += bytes;
    simulation_.largest_[edge] = std::max(simulation_.largest_[edge], bytes);
    simulation_.put(shell_, simulation_.layout_.lanes[lane].consumer,
                    {.kind = Event::item, .lane = lane, .payload = std::move(item)});
  }
  void acknowledge(int lane, uint64_t items, int64_t bytes) override {
    simulation_.put(shell_, simulation_.layout_.lanes[lane].producer,
                    {.kind = Event::acknowledge, .lane = lane, .items = items, .bytes = bytes});
  }
  void end(int lane) override {
    simulation_.put(shell_, simulation_.layout_.lanes[lane].consumer,
                    {.kind = Event::end, .lane = lane});
  }

 private:
  Simulation& simulation_;
  int shell_;
};

/// Puts the orders of a change into the channels.
class Simulation::Orders final : public ChangeOrders {
 public:
  explicit Orders(Simulation& simulation) : simulation_(simulation) {}

  void add_input(const Lane& lane) override { order(lane.consumer, Event::add_input, lane); }
  void add_output(const Lane& lane) override { order(lane.producer, Event::add_output, lane); }
  void end_input(const Lane& lane) override { order(lane.consumer, Event::end, lane); }
  void resize(const Lane& lane) override {
    order(lane.producer, Event::resize, lane);
    order(lane.consumer, Event::resize, lane);
  }
  void close_output(const Lane& lane) override { order(lane.producer, Event::close_output, lane); }
  void start(int shell) override { order(shell, Event::start, {}); }
  void drain(int shell) override { order(shell, Event::drain, {}); }
  void leave(int shell) override { order(shell, Event::leave, {}); }
  void discard(int shell) override { simulation_.shells_[shell].idle = Idle::finished; }

 private:
  void order(int shell, Event::Kind kind, const Lane& lane) {
    simulation_.put(kSupervisor, shell, {.kind = kind, .lane = lane.id, .laid = lane});
  }

  Simulation& simulation_;
};

Simulation::Simulation(const Plan& plan, uint64_t seed)
    : random_(RandomKey(seed)), orders_(std::make_unique<Orders>(*this)) {
  begin_change(plan);
}

Simulation::~Simulation() = default;

void Simulation::put(int from, int to, Event event) {
  channels_[{from, to}].push_back(std::move(event));
}

void Simulation::add_shell(int id) {
  const PlannedShell& planned = layout_.shells[id];
  Shell shell;
  shell.post = std::make_unique<Post>(*this, id);
  StageContext context = base_context(plan_.config);
  context.actor = planned.actor.name;
  context.replica = planned.replica;
  shell.driver = std::make_unique<StageDriver>(
      *planned.actor.kind, planned.actor.options->make_stage(context), *shell.post);
  shells_.push_back(std::move(shell));
}

void Simulation::change_after(int64_t events, Plan next) {
  changes_.emplace_back(events, std::move(next));
}

void Simulation::begin_change(Plan next) {
  const LaneLayout before = layout_;
  plan_ = std::move(next);
  const LayoutChange change = lay_out(layout_, plan_);
  for (const int id : change.new_shells) add_shell(id);
  under_way_.resize(layout_.edges.size());
  bytes_under_way_.resize(layout_.edges.size());
  largest_.resize(layout_.edges.size());
  acknowledged_.resize(layout_.lanes.size());
  for (const Lane& lane : layout_.lanes) {
    if (lane.id == static_cast<int>(widest_.size())) widest_.push_back(lane);
    Lane& widest = widest_[lane.id];
    widest.capacity_items = std::max(widest.capacity_items, lane.capacity_items);
    widest.capacity_bytes = std::max(widest.capacity_bytes, lane.capacity_bytes);
  }
  const auto done = [this, before](const std::string& error) {
    ++(error.empty() ? changed_ : refused_);
    if (!error.empty()) layout_ = taken_back(before, layout_);
  };
  change_.emplace(*orders_, GraphChange::of(layout_, change), done);
  change_->begin();
  for (const int id : change.leaving_shells) {
    if (shells_[id].reported) change_->on_finished(id);
  }
}

void Simulation::drain_all() {
  draining_ = true;
  for (int id = 0; id < static_cast<int>(shells_.size()); ++id) {
    put(kSupervisor, id, {.kind = Event::drain});
  }
}

std::string Simulation::run() {
  for (int64_t events = 0;; ++events) {
    if (events == drain_after_) drain_all();
    if (!changes_.empty() && events >= changes_.front().first && change_->is_done()) {
      Plan next = std::move(changes_.front().second);
      changes_.pop_front();
      if (!draining_) begin_change(std::move(next));
    }
    if (!old_acknowledgements_.empty() && random_.below(20) == 0) {
      const Event& old = old_acknowledgements_[random_.below(old_acknowledgements_.size())];
      const int producer = layout_.lanes[old.lane].producer;
      shells_[producer].driver->on_acknowledge(old.lane, old.items, old.bytes);
    }
    std::vector<Channel> waiting;
    for (const auto& [channel, queue] : channels_) {
      if (!queue.empty()) waiting.push_back(channel);
    }
    if (waiting.empty()) break;
    const Channel channel = waiting[random_.below(waiting.size())];
    Event event = std::move(channels_[channel].front());
    channels_[channel].pop_front();
    std::string problem = arrive(channel.second, std::move(event));
    if (problem.empty()) problem = check_edges();
    if (!problem.empty()) return problem;
  }
  std::string unfinished;
  for (size_t id = 0; id < shells_.size(); ++id) {
    if (shells_[id].idle != Idle::finished) unfinished += " " + layout_.shells[id].name;
  }
  return unfinished.empty() ? "" : "nothing moves; not finished:" + unfinished;
}

void Simulation::supervise(const Event& event) {
  if (event.kind == Event::finished) {
    change_->on_finished(event.lane);
  } else {
    change_->on_input_added(event.lane, event.kind == Event::input_taken);
  }
}

void Simulation::handle(int id, Shell& shell, Event event) {
  switch (event.kind) {
    case Event::item:
      return shell.driver->on_item(event.lane, std::move(event.payload));
    case Event::acknowledge: {
      auto& [items, bytes] = acknowledged_[event.lane];
      const int edge = layout_.lanes[event.lane].edge;
      under_way_[edge] -= static_cast<int64_t>(event.items - items);
      bytes_under_way_[edge] -= event.bytes - bytes;
      std::tie(items, bytes) = std::pair(event.items, event.bytes);
      shell.driver->on_acknowledge(event.lane, event.items, event.bytes);
      old_acknowledgements_.push_back(event);
      return;
    }
    case Event::end:
      return shell.driver->on_end(event.lane);
    case Event::drain:
      return shell.driver->on_drain();
    case Event::start:
      shell.started = true;
      return;
    case Event::add_input: {
      const bool taken = shell.driver->add_input(event.laid.input());
      put(id, kSupervisor,
          {.kind = taken ? Event::input_taken : Event::input_refused, .lane = event.lane});
      return;
    }
    case Event::add_output:
      return shell.driver->add_output(event.laid.output());
    case Event::close_output:
      return shell.driver->close_output(event.lane);
    case Event::resize:
      return shell.driver->resize(event.lane, event.laid.capacity_items, event.laid.capacity_bytes);
    default:
      return;
  }
}

std::string Simulation::arrive(int id, Event event) {
  if (id == kSupervisor) {
    supervise(event);
    return "";
  }
  Shell& shell = shells_[id];
  handle(id, shell, std::move(event));
  if (!shell.started) return "";
  shell.idle = shell.driver->run(static_cast<int>(1 + random_.below(4)));
  if (!shell.idle) put(id, id, {.kind = Event::work});
  if (shell.idle == Idle::finished && !std::exchange(shell.reported, true)) {
    put(id, kSupervisor, {.kind = Event::finished, .lane = id});
  }
  return shell.idle == Idle::failed ? decide(shell, id) : "";
}

std::string Simulation::decide(Shell& shell, int id) {
  const PlannedActor& actor = layout_.shells[id].actor;
  const StageFailure& failure = shell.driver->failure();
  if (failure.fatal || actor.on_error == "stop" || ++shell.errors > actor.max_errors) {
    return failure.text;
  }
  if (actor.on_error == "skip") {
    shell.driver->skip();
  } else {
    StageContext context = base_context(plan_.config);
    context.actor = actor.name;
    context.replica = layout_.shells[id].replica;
    shell.driver->restart(actor.options->make_stage(context));
  }
  put(id, id, {.kind = Event::work});
  return "";
}

std::string Simulation::check_edges() const {
  for (int e = 0; e < static_cast<int>(layout_.edges.size()); ++e) {
    int64_t counted = 0;
    for (const Shell& shell : shells_) counted += shell.driver->edge(e).in_flight;
    int64_t items = 0;
    int64_t bytes = 0;
    for (const Lane& lane : widest_) {
      if (lane.edge != e) continue;
      items += lane.capacity_items;
      // On each lane one item larger than its budget may be under way, alone.
      bytes += std::max(lane.capacity_bytes, largest_[e]);
    }
    if (counted != under_way_[e] || under_way_[e] > items) {
      return fmt::format("edge {}: {} items under way, {} counted, {} allowed", layout_.edges[e],
                         under_way_[e], counted, items);
    }
    if (bytes_under_way_[e] > bytes) {
      return fmt::format("edge {}: {} bytes under way, {} allowed", layout_.edges[e],
                         bytes_under_way_[e], bytes);
    }
  }
  return "";
}

int64_t Simulation::skipped(const std::string& actor) const {
  int64_t total = 0;
  for (size_t id = 0; id < shells_.size(); ++id) {
    if (layout_.shells[id].actor.name != actor) continue;
    total += shells_[id].driver->counts().skipped;
  }
  return total;
}

int64_t Simulation::discarded(const std::string& actor) const {
  int64_t total = 0;
  for (size_t id = 0; id < shells_.size(); ++id) {
    if (layout_.shells[id].actor.name != actor) continue;
    total += shells_[id].driver->counts().discarded;
  }
  return total;
}

}  // namespace arno::graph

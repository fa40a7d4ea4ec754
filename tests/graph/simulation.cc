// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/simulation.h"

#include <algorithm>

namespace arno::graph {

/// Puts what a driver sends into the channels.
class Simulation::Post final : public Courier {
 public:
  Post(Simulation& simulation, int shell) : simulation_(simulation), shell_(shell) {}
  void deliver(int lane, Payload item) override {
    const int edge = simulation_.edge_of_lane_[lane];
    const auto bytes = static_cast<int64_t>(item.size_bytes());
    ++simulation_.under_way_[edge];
    simulation_.bytes_under_way_[edge] += bytes;
    simulation_.largest_[edge] = std::max(simulation_.largest_[edge], bytes);
    simulation_.put(shell_, simulation_.layout_.consumers[lane],
                    {.kind = Event::item, .lane = lane, .payload = std::move(item)});
  }
  void acknowledge(int lane, uint64_t items, int64_t bytes) override {
    simulation_.put(shell_, simulation_.layout_.producers[lane],
                    {.kind = Event::acknowledge, .lane = lane, .items = items, .bytes = bytes});
  }
  void end(int lane) override {
    simulation_.put(shell_, simulation_.layout_.consumers[lane],
                    {.kind = Event::end, .lane = lane});
  }

 private:
  Simulation& simulation_;
  int shell_;
};

Simulation::Simulation(const Plan& plan, uint64_t seed)
    : plan_(plan), random_(RandomKey(seed)), layout_(lay_lanes(plan)) {
  under_way_.resize(plan.edges.size());
  bytes_under_way_.resize(plan.edges.size());
  largest_.resize(plan.edges.size());
  edge_of_lane_.resize(layout_.producers.size());
  acknowledged_.resize(layout_.producers.size());
  for (size_t id = 0; id < layout_.shells.size(); ++id) {
    const PlannedShell& planned = layout_.shells[id];
    const PlannedActor& actor = plan.actors[planned.actor];
    for (const OutputLane& lane : planned.outputs) edge_of_lane_[lane.lane] = lane.edge;
    Shell shell;
    shell.post = std::make_unique<Post>(*this, static_cast<int>(id));
    StageContext context = base_context(plan.config);
    context.actor = actor.name;
    context.replica = planned.replica;
    shell.driver = std::make_unique<StageDriver>(*actor.kind, actor.options->make_stage(context),
                                                 planned.inputs, planned.outputs, *shell.post);
    shells_.push_back(std::move(shell));
    put(-1, static_cast<int>(id), {.kind = Event::work});
  }
}

Simulation::~Simulation() = default;

void Simulation::put(int from, int to, Event event) {
  channels_[{from, to}].push_back(std::move(event));
}

std::string Simulation::run() {
  for (int64_t events = 0;; ++events) {
    if (events == drain_after_) {
      for (int id = 0; id < static_cast<int>(shells_.size()); ++id) {
        put(-1, id, {.kind = Event::drain});
      }
    }
    if (!old_acknowledgements_.empty() && random_.below(20) == 0) {
      const Event& old = old_acknowledgements_[random_.below(old_acknowledgements_.size())];
      shells_[layout_.producers[old.lane]].driver->on_acknowledge(old.lane, old.items, old.bytes);
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

std::string Simulation::arrive(int id, Event event) {
  Shell& shell = shells_[id];
  switch (event.kind) {
    case Event::item:
      shell.driver->on_item(event.lane, std::move(event.payload));
      break;
    case Event::acknowledge: {
      auto& [items, bytes] = acknowledged_[event.lane];
      under_way_[edge_of_lane_[event.lane]] -= static_cast<int64_t>(event.items - items);
      bytes_under_way_[edge_of_lane_[event.lane]] -= event.bytes - bytes;
      std::tie(items, bytes) = std::pair(event.items, event.bytes);
      shell.driver->on_acknowledge(event.lane, event.items, event.bytes);
      old_acknowledgements_.push_back(event);
      break;
    }
    case Event::end:
      shell.driver->on_end(event.lane);
      break;
    case Event::drain:
      shell.driver->on_drain();
      break;
    case Event::work:
      break;
  }
  shell.idle = shell.driver->run(static_cast<int>(1 + random_.below(4)));
  if (!shell.idle) put(id, id, {.kind = Event::work});
  return shell.idle == Idle::failed ? decide(shell, id) : "";
}

std::string Simulation::decide(Shell& shell, int id) {
  const PlannedActor& actor = plan_.actors[layout_.shells[id].actor];
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
  for (size_t e = 0; e < plan_.edges.size(); ++e) {
    const PlannedEdge& edge = plan_.edges[e];
    int64_t counted = 0;
    for (const Shell& shell : shells_) counted += shell.driver->edge(static_cast<int>(e)).in_flight;
    if (counted != under_way_[e] || under_way_[e] > edge.capacity_items) {
      return fmt::format("edge {}: {} items under way, {} counted, {} allowed", e, under_way_[e],
                         counted, edge.capacity_items);
    }
    // On each lane one item larger than its budget may be under way, alone.
    const auto lanes = static_cast<int64_t>(std::ranges::count(edge_of_lane_, e));
    const int64_t budget = edge.capacity_bytes / lanes;
    const int64_t allowed = lanes * std::max(budget, largest_[e]);
    if (bytes_under_way_[e] > allowed) {
      return fmt::format("edge {}: {} bytes under way, {} allowed", e, bytes_under_way_[e],
                         allowed);
    }
  }
  return "";
}

int64_t Simulation::skipped(const std::string& actor) const {
  int64_t total = 0;
  for (size_t id = 0; id < shells_.size(); ++id) {
    if (plan_.actors[layout_.shells[id].actor].name != actor) continue;
    total += shells_[id].driver->counts().skipped;
  }
  return total;
}

int64_t Simulation::discarded(const std::string& actor) const {
  int64_t total = 0;
  for (size_t id = 0; id < shells_.size(); ++id) {
    if (plan_.actors[layout_.shells[id].actor].name != actor) continue;
    total += shells_[id].driver->counts().discarded;
  }
  return total;
}

}  // namespace arno::graph

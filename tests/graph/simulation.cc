// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/simulation.h"

#include <algorithm>

namespace arno::graph {

/// Puts what a driver sends into the channels.
class Simulation::Post final : public Courier {
 public:
  Post(Simulation& simulation, int shell) : simulation_(simulation), shell_(shell) {}
  void deliver(int lane, Payload item) override {
    const auto bytes = static_cast<int64_t>(item.size_bytes());
    LaneBook& book = simulation_.books_[lane];
    ++book.items;
    book.bytes += bytes;
    book.largest = std::max(book.largest, bytes);
    simulation_.put(shell_, book.widest.consumer,
                    {.kind = Event::item, .lane = lane, .payload = std::move(item)});
  }
  void acknowledge(int lane, uint64_t items, int64_t bytes) override {
    simulation_.put(shell_, simulation_.books_[lane].widest.producer,
                    {.kind = Event::acknowledge, .lane = lane, .items = items, .bytes = bytes});
  }
  void end(int lane) override {
    simulation_.put(shell_, simulation_.books_[lane].widest.consumer,
                    {.kind = Event::end, .lane = lane});
  }

 private:
  Simulation& simulation_;
  int shell_;
};

/// Puts the orders of a change, and of a recovery, into the channels.
class Simulation::Orders final : public ChangeOrders, public DropOrders {
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
  void discard(int shell) override {
    simulation_.shells_[shell].idle = Idle::finished;
    simulation_.shells_[shell].gone = true;
    simulation_.losses_->on_finished(shell);
  }
  void drop_output(int shell, int lane) override { order(shell, Event::drop_output, {.id = lane}); }
  void end_lost_input(int shell, int lane) override { order(shell, Event::end, {.id = lane}); }
  void redeliver(int source) override { order(source, Event::redeliver, {}); }

 private:
  void order(int shell, Event::Kind kind, const Lane& lane) {
    simulation_.put(kSupervisor, shell, {.kind = kind, .lane = lane.id, .laid = lane});
  }

  Simulation& simulation_;
};

Simulation::Simulation(const Plan& plan, uint64_t seed)
    : random_(RandomKey(seed)), orders_(std::make_unique<Orders>(*this)) {
  losses_.emplace(*orders_);
  const auto count = [this](const std::string& error) { ++(error.empty() ? changed_ : refused_); };
  prepare(plan, count);
  apply();
}

Simulation::~Simulation() = default;

const std::string& Simulation::node_of(int shell) const {
  static const std::string kLocal = kLocalNode;
  return shell == kSupervisor ? kLocal : layout_.lanes().shells[shell].node;
}

/// Whether what is sent now can arrive.
bool Simulation::reaches(int from, int to) const {
  if (to != kSupervisor && shells_[to].gone) return false;
  const auto is_apart = [&](int shell, int other) {
    return shell != kSupervisor && node_of(other) == kLocalNode &&
           (shells_[shell].cut_off || shells_[shell].forgotten);
  };
  if (is_apart(from, to) || is_apart(to, from)) return false;
  return !cut_links_.contains({node_of(from), node_of(to)});
}

void Simulation::put(int from, int to, Event event) {
  if (reaches(from, to)) channels_[{from, to}].push_back(std::move(event));
}

StageContext Simulation::context_of(const PlannedShell& planned) const {
  StageContext context = base_context(layout_.plan()->config);
  context.actor = planned.actor.name;
  context.replica = planned.replica;
  context.from.step = commit_;
  return context;
}

void Simulation::add_shell(int id) {
  const PlannedShell& planned = layout_.lanes().shells[id];
  Shell shell;
  shell.post = std::make_unique<Post>(*this, id);
  shell.stage = planned.actor.options->make_stage(context_of(planned));
  shell.driver = std::make_unique<StageDriver>(*planned.actor.kind, shell.stage, *shell.post);
  shell.gone = is_away(planned.node);
  shells_.push_back(std::move(shell));
}

void Simulation::change_after(int64_t events, Plan next) {
  changes_.emplace_back(events, std::move(next));
}

/// Makes what is new; false when a node does not answer.
bool Simulation::prepare(Plan next, std::function<void(const std::string&)> then) {
  Prepared out{.layout = layout_.lanes(), .then = std::move(then)};
  out.change = lay_out(out.layout, next);
  out.plan = std::move(next);
  for (const int id : out.change.new_shells) {
    if (is_away(out.layout.shells[id].node)) return false;
  }
  for (const int id : out.change.new_shells) {
    const std::string& node = out.layout.shells[id].node;
    if (known_lost_.erase(node) == 0) continue;
    std::erase_if(cut_links_,
                  [&](const auto& link) { return link.first == node || link.second == node; });
  }
  prepared_ = std::move(out);
  return true;
}

void Simulation::apply() {
  Prepared prepared = std::move(*prepared_);
  prepared_.reset();
  if (stopped_ && !prepared.restart) return prepared.then("the graph starts anew");
  for (const int id : prepared.change.new_shells) {
    const std::string& node = prepared.layout.shells[id].node;
    if (known_lost_.contains(node)) return prepared.then("node " + node + " was lost");
  }
  const auto done = [this, plan = layout_.plan(), before = layout_.lanes(),
                     then = std::move(prepared.then)](const std::string& error) {
    if (!error.empty()) layout_.take_back(plan, before);
    then(error);
  };
  if (prepared.restart) stopped_ = false;
  layout_.adopt(std::move(prepared.plan), std::move(prepared.layout));
  const LayoutChange& change = prepared.change;
  for (const int id : change.new_shells) add_shell(id);
  outputs_.resize(shells_.size());
  for (const Lane& lane : layout_.lanes().lanes) {
    if (lane.id == static_cast<int>(books_.size())) {
      books_.push_back({.widest = lane});
      outputs_[lane.producer].push_back(lane.id);
    }
    Lane& widest = books_[lane.id].widest;
    widest.capacity_items = std::max(widest.capacity_items, lane.capacity_items);
    widest.capacity_bytes = std::max(widest.capacity_bytes, lane.capacity_bytes);
  }
  GraphChange graph = GraphChange::of(layout_.lanes(), change);
  graph.orphans = layout_.orphans(change.leaving_shells);
  change_.emplace(*orders_, std::move(graph), done);
  change_->begin();
  for (const int id : change.leaving_shells) {
    if (shells_[id].reported || shells_[id].forgotten) change_->on_finished(id);
  }
  if (draining_) {
    for (const int id : change.new_shells) put(kSupervisor, id, {.kind = Event::drain});
  }
  drop(layout_.drop("", [](int) { return false; }));
}

void Simulation::begin_users_change() {
  if (changes_.empty() || events_ < changes_.front().first || prepared_ || !change_->is_done() ||
      stopped_ || losses_known_) {
    return;
  }
  Plan next = std::move(changes_.front().second);
  changes_.pop_front();
  if (!draining_ && moves_state(*layout_.plan(), next)) {
    next_start_ = std::move(next);
    return stop();
  }
  const auto count = [this](const std::string& error) { ++(error.empty() ? changed_ : refused_); };
  if (draining_ || !prepare(std::move(next), count)) ++refused_;
}

void Simulation::drain_all() {
  draining_ = true;
  for (int id = 0; id < static_cast<int>(shells_.size()); ++id) {
    put(kSupervisor, id, {.kind = Event::drain});
  }
}

void Simulation::act_from_outside() {
  if (events_ == drain_after_) drain_all();
  begin_users_change();
  for (const Plot& plot : plots_) {
    if (changed_ > 0 && plot.at == since_begin_) plot.act();
  }
  if (changed_ > 0) ++since_begin_;
  if (!old_acknowledgements_.empty() && random_.below(20) == 0) {
    const Event& old = old_acknowledgements_[random_.below(old_acknowledgements_.size())];
    const int producer = books_[old.lane].widest.producer;
    if (!shells_[producer].gone) {
      shells_[producer].driver->on_acknowledge(old.lane, old.items, old.bytes);
    }
  }
}

std::string Simulation::run() {
  do {
    act_from_outside();
    ++events_;
  } while (problem_.empty() && move());
  if (!problem_.empty()) return problem_;
  std::string unfinished;
  for (size_t id = 0; id < shells_.size(); ++id) {
    if (shells_[id].idle == Idle::finished || shells_[id].forgotten) continue;
    unfinished += " " + layout_.lanes().shells[id].name;
  }
  return unfinished.empty() ? "" : "nothing moves; not finished:" + unfinished;
}

/// One thing happens; false when nothing can.
bool Simulation::move() {
  std::vector<Channel> waiting;
  for (const auto& [channel, queue] : channels_) {
    if (!queue.empty()) waiting.push_back(channel);
  }
  std::vector<std::function<void()>> steps = steps_of_the_job();
  if (waiting.empty() && steps.empty()) return false;
  const uint64_t which = random_.below(waiting.size() + steps.size());
  if (which >= waiting.size()) {
    steps[which - waiting.size()]();
    return true;
  }
  std::deque<Event>& queue = channels_[waiting[which]];
  Event event = std::move(queue.front());
  queue.pop_front();
  arrive(waiting[which].second, std::move(event));
  return true;
}

int64_t Simulation::sum(const std::string& actor, int64_t DriverCounts::*count) const {
  int64_t total = 0;
  for (size_t id = 0; id < shells_.size(); ++id) {
    if (layout_.lanes().shells[id].actor.name != actor) continue;
    total += shells_[id].driver->counts().*count;
  }
  return total;
}

int64_t Simulation::skipped(const std::string& actor) const {
  return sum(actor, &DriverCounts::skipped);
}

int64_t Simulation::discarded(const std::string& actor) const {
  return sum(actor, &DriverCounts::discarded);
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/assembly.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <latch>
#include <set>

#include "graph/detail/mailbox_order.h"

namespace arno::graph {

Assembly::Assembly(caf::actor_system& system, StageContext base, int64_t drain_timeout_s,
                   std::function<void(JobResult)> on_end,
                   std::function<void(const std::string&, const std::string&)> on_lost)
    : system_(system),
      base_(std::move(base)),
      supervisor_(spawn_supervisor(system, {.drain_timeout_s = drain_timeout_s,
                                            .observer = base_.observer,
                                            .on_end = std::move(on_end)})),
      cluster_(supervisor_, base_.observer, std::move(on_lost)) {}

Assembly::~Assembly() {
  const auto alive = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(shells_.size()) + 1);
  const auto count_down_at_end = [&](const auto& actor) {
    caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([alive] { alive->count_down(); });
  };
  count_down_at_end(supervisor_);
  for (const ShellActor& shell : shells_) count_down_at_end(shell);
  exit_all();
  alive->wait();
}

void Assembly::exit_all() {
  caf::anon_send_exit(supervisor_, caf::exit_reason::user_shutdown);
  for (const ShellActor& shell : shells_) {
    caf::anon_send_exit(shell, caf::exit_reason::user_shutdown);
  }
}

PreparedChange Assembly::prepare(Plan plan) {
  PreparedChange out{.plan = std::move(plan)};
  {
    const std::scoped_lock lock(mutex_);
    out.layout = layout_;
  }
  out.change = lay_out(out.layout, out.plan);
  std::vector<PlacedShell> placed;
  for (const int id : out.change.new_shells) {
    const PlannedShell& shell = out.layout.shells[id];
    StageContext context = base_;
    context.actor = shell.actor.name;
    context.replica = shell.replica;
    context.replicas = shell.actor.replicas;
    out.stages.push_back(shell.is_local() ? shell.actor.options->make_stage(context) : nullptr);
    out.contexts.push_back(std::move(context));
    placed.push_back({id, shell.actor.name, shell.replica, shell.node});
  }
  cluster_.place(out.plan, placed);
  const std::scoped_lock lock(mutex_);
  // One that was lost and is back.
  for (const PlacedShell& shell : placed) lost_nodes_.erase(shell.node);
  return out;
}

SupervisedShell Assembly::spawn(int number, const PreparedChange& prepared, size_t which) {
  const PlannedShell& shell = prepared.layout.shells[number];
  if (shell.is_local()) {
    ShellParts parts{.id = number,
                     .actor = shell.actor,
                     .context = prepared.contexts[which],
                     .stage = prepared.stages[which],
                     .supervisor = supervisor_,
                     .metrics = ShellMetrics::create(*base_.metrics, shell.actor, shell.replica)};
    if (base_.trace) {
      parts.trace.emplace(*base_.trace, shell.name, *shell.actor.kind,
                          prepared.plan.config.training.batch_size);
    }
    metrics_.emplace_back(parts.metrics);
    shells_.push_back(spawn_shell(system_, std::move(parts)));
  } else {
    metrics_.emplace_back();
    shells_.push_back(cluster_.spawn(system_, number, shell.node));
  }
  return {.shell = shells_.back(),
          .name = shell.name,
          .on_error = shell.actor.on_error,
          .max_errors = shell.actor.max_errors};
}

/// Makes the ends of a lane known to what comes from other nodes.
void Assembly::route(const Lane& lane) {
  const bool from_here = layout_.shells[lane.producer].is_local();
  const bool to_here = layout_.shells[lane.consumer].is_local();
  if (from_here && !to_here) cluster_.add_producer(lane.id, shells_[lane.producer]);
  if (to_here && !from_here) cluster_.add_consumer(lane.id, shells_[lane.consumer]);
}

/// Shows the change's plan as the one that runs.
void Assembly::adopt(const PreparedChange& prepared) {
  plan_ = std::make_shared<const Plan>(prepared.plan);
  layout_ = prepared.layout;
  for (const int id : prepared.change.new_lanes) {
    const Lane& lane = layout_.lanes[id];
    if (metrics_[lane.producer])
      metrics_[lane.producer]->add_edge(lane.edge, layout_.edges[lane.edge]);
    route(lane);
  }
  for (const PlannedEdge& edge : plan_->edges) {
    show_capacity(*base_.metrics, plan_->edge_name(edge), edge.capacity_items);
  }
}

void Assembly::apply(PreparedChange prepared, ChangeProtocol::Done done) {
  auto change = std::make_shared<JobChange>();
  const std::scoped_lock lock(mutex_);
  change->graph = GraphChange::of(prepared.layout, prepared.change);
  change->edges = prepared.layout.edges;
  for (size_t i = 0; i < prepared.change.new_shells.size(); ++i) {
    change->new_shells.push_back(spawn(prepared.change.new_shells[i], prepared, i));
  }
  change->done = [this, plan = plan_, layout = layout_,
                  done = std::move(done)](const std::string& error) mutable {
    if (!error.empty()) {
      const std::scoped_lock relock(mutex_);
      layout_ = taken_back(std::move(layout), layout_);
      forget_lost();
      plan_ = std::move(plan);
    }
    done(error);
  };
  adopt(prepared);
  detail::send_in_order(nullptr, supervisor_, ChangeJob{std::move(change)});
}

void Assembly::adopt_options(const std::string& actor, AdoptOptions message) const {
  const std::scoped_lock lock(mutex_);
  const int id = layout_.shell(actor, 0);
  ARNO_CHECK(id >= 0, Errc::invalid_argument, "[job] found no actor \"{}\"", actor);
  detail::send_in_order(nullptr, shells_[id], std::move(message));
}

void Assembly::set_options(const std::string& actor, std::shared_ptr<const ActorOptions> options) {
  const std::scoped_lock lock(mutex_);
  Plan plan = *plan_;
  for (PlannedActor& planned : plan.actors) {
    if (planned.name == actor) planned.options = options;
  }
  plan.config.actors[actor].options = RawConfig::from_text(options->to_yaml(0), "running job");
  plan_ = std::make_shared<const Plan>(std::move(plan));
}

std::shared_ptr<const Plan> Assembly::plan() const {
  const std::scoped_lock lock(mutex_);
  return plan_;
}

JobStatus Assembly::status() const {
  const std::scoped_lock lock(mutex_);
  JobStatus out{.plan = plan_, .nodes = cluster_.monitoring()};
  if (!plan_) return out;
  for (const PlannedActor& actor : plan_->actors) {
    for (int64_t replica = 0; replica < actor.replicas; ++replica) {
      const int id = layout_.shell(actor.name, replica);
      out.actors.push_back(status_of_shell(id));
    }
  }
  for (const PlannedEdge& edge : plan_->edges) {
    out.edges.push_back(status_of_edge(plan_->edge_name(edge)));
  }
  return out;
}

ActorStatus Assembly::status_of_shell(int number) const {
  if (metrics_[number]) return status_of(*metrics_[number]);
  const PlannedShell& shell = layout_.shells[number];
  const std::optional<ShellCounts> counts = cluster_.counts(number);
  ActorStatus out = counts ? counts->status
                           : ActorStatus{.actor = shell.actor.name,
                                         .kind = shell.actor.kind->name,
                                         .replica = shell.replica};
  out.node = shell.node;
  return out;
}

EdgeStatus Assembly::status_of_edge(const std::string& name) const {
  EdgeStatus out{.name = name};
  std::set<std::string> replicas;
  const int number = layout_.edge(name);
  const auto add = [&](int64_t items, int64_t in_flight) {
    out.items += items;
    out.in_flight_items += in_flight;
  };
  for (size_t id = 0; id < metrics_.size(); ++id) {
    if (metrics_[id]) {
      const auto found = metrics_[id]->edges.find(number);
      // A replica that came back counts on where the one that left stopped.
      if (found == metrics_[id]->edges.end()) continue;
      if (!replicas.insert(metrics_[id]->labels.at("replica")).second) continue;
      add(static_cast<int64_t>(found->second.items.value()),
          static_cast<int64_t>(found->second.in_flight.value()));
    } else if (const auto counts = cluster_.counts(static_cast<int>(id))) {
      for (const SentOnEdge& sent : counts->edges) {
        if (sent.edge == number) add(sent.items, sent.in_flight);
      }
    }
  }
  return out;
}

void Assembly::drop_node(const std::string& node) {
  cluster_.forget(node);
  const std::scoped_lock lock(mutex_);
  lost_nodes_.insert(node);
  DropShells drop{.node = node};
  const auto is_lost = [&](int id) {
    return layout_.shells[id].present && layout_.shells[id].node == node;
  };
  for (int id = 0; id < static_cast<int>(layout_.shells.size()); ++id) {
    if (is_lost(id)) drop.shells.push_back(id);
  }
  for (const Lane& lane : layout_.lanes) {
    const bool producer = is_lost(lane.producer);
    const bool consumer = is_lost(lane.consumer);
    if (!lane.open || (!producer && !consumer)) continue;
    drop.lanes.push_back({.lane = lane.id,
                          .other = producer ? lane.consumer : lane.producer,
                          .producer_lost = producer,
                          .consumer_lost = consumer});
    if (!consumer) lost_inputs_.push_back(drop.lanes.back());
  }
  forget_lost();
  detail::send_in_order(nullptr, supervisor_, std::move(drop));
}

/// Takes what runs on lost nodes out of the layout.
void Assembly::forget_lost() {
  for (PlannedShell& shell : layout_.shells) {
    if (lost_nodes_.contains(shell.node)) shell.present = false;
  }
  for (Lane& lane : layout_.lanes) {
    if (!layout_.shells[lane.producer].present || !layout_.shells[lane.consumer].present) {
      lane.open = false;
    }
  }
}

Plan Assembly::plan_without_lost() const {
  const std::scoped_lock lock(mutex_);
  Plan next = *plan_;
  for (const std::string& node : lost_nodes_) {
    for (PlannedActor& actor : next.actors) std::erase(actor.nodes, node);
    next.config.nodes.erase(node);
  }
  for (const PlannedActor& actor : next.actors) next.config.actors[actor.name].nodes = actor.nodes;
  return next;
}

void Assembly::finish_recovery() {
  const std::scoped_lock lock(mutex_);
  FinishRecovery message;
  for (const LostLane& lane : lost_inputs_) {
    if (layout_.shells[lane.other].present) message.ended.push_back(lane);
  }
  lost_inputs_.clear();
  for (size_t id = 0; id < layout_.shells.size(); ++id) {
    const PlannedShell& shell = layout_.shells[id];
    if (shell.present && shell.is_source()) message.sources.push_back(static_cast<int>(id));
  }
  detail::send_in_order(nullptr, supervisor_, std::move(message));
}

void Assembly::stop_clocks() {
  const std::scoped_lock lock(mutex_);
  for (const std::optional<ShellMetrics>& metrics : metrics_) {
    if (metrics) metrics->times->enter(Activity::none, ShellTimes::Clock::now());
  }
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/assembly.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <set>

#include "common/wall_clock.h"
#include "graph/detail/end_actors.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {

Assembly::Assembly(caf::actor_system& system, StageContext base, int64_t drain_timeout_s,
                   AssemblyListeners listeners)
    : system_(system),
      base_(std::move(base)),
      supervisor_(
          spawn_supervisor(system, {.drain_timeout_s = drain_timeout_s,
                                    .observer = base_.observer,
                                    .on_end = std::move(listeners.on_end),
                                    .on_setback = std::move(listeners.on_setback),
                                    .on_shadow_failed = std::move(listeners.on_shadow_failed)})),
      drain_timeout_(drain_timeout_s),
      cluster_(supervisor_, base_.observer, std::move(listeners.on_lost)),
      local_groups_(std::move(base_.groups)) {}

Assembly::~Assembly() {
  if (groups_) groups_->abort("the job has ended");
  detail::end_actors(std::vector{supervisor_});
  detail::end_actors(std::vector(shells_.begin(), shells_.end()));
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
    out.layout = layout_.lanes();
  }
  if (!groups_) begin(out.plan);
  out.change = lay_out(out.layout, out.plan);
  const std::vector<PlacedShell> placed = make_stages(out);
  cluster_.place(out.plan, placed, base_.from.step);
  // The stages have it.
  base_.from.state.reset();
  return out;
}

/// A start of the graph: its replicas find each other anew.
void Assembly::begin(const Plan& plan) {
  auto groups = cluster_.begin(plan, start_, local_groups_);
  const std::scoped_lock lock(mutex_);
  groups_ = std::move(groups);
}

/// Of the new shells that run here. Returns where each of the new shells is to run.
std::vector<PlacedShell> Assembly::make_stages(PreparedChange& change) const {
  std::vector<PlacedShell> placed;
  for (const int id : change.change.new_shells) {
    const PlannedShell& shell = change.layout.shells[id];
    StageContext context = base_;
    context.actor = shell.actor.name;
    context.replica = shell.replica;
    context.replicas = shell.actor.replicas;
    context.groups = shell.actor.leaves_launcher() ? groups_->between_nodes() : groups_->local();
    if (!shell.actor.kind->keeps_state) context.from.state.reset();
    change.stages.push_back(shell.is_local() ? shell.actor.options->make_stage(context) : nullptr);
    // A stage that is made after a failure does not need it, and it is large.
    context.from.state.reset();
    change.contexts.push_back(std::move(context));
    placed.push_back({id, shell.actor.name, shell.replica, shell.node});
  }
  return placed;
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
    // The first replica tells of its steps: what it has finished is the commit.
    if (shell.actor.kind->keeps_state && shell.replica == 0) {
      stateful_[number] = prepared.stages[which];
    }
    shells_.push_back(spawn_shell(system_, std::move(parts)));
  } else {
    metrics_.emplace_back();
    shells_.push_back(cluster_.spawn(system_, number, shell.node));
  }
  return {.shell = shells_.back(),
          .name = shell.name,
          .on_error = shell.actor.on_error,
          .max_errors = shell.actor.max_errors,
          .goes_back = shell.actor.kind->keeps_state,
          .shadow = prepared.plan.is_shadow(shell.actor.name)};
}

/// Makes the ends of a lane known to what comes from other nodes.
void Assembly::route(const Lane& lane) {
  const bool from_here = layout_.shell(lane.producer).is_local();
  const bool to_here = layout_.shell(lane.consumer).is_local();
  if (from_here && !to_here) cluster_.add_producer(lane.id, shells_[lane.producer]);
  if (to_here && !from_here) cluster_.add_consumer(lane.id, shells_[lane.consumer]);
}

/// Shows the change's plan as the one that runs.
void Assembly::adopt(PreparedChange prepared) {
  layout_.adopt(std::move(prepared.plan), std::move(prepared.layout));
  const LaneLayout& laid = layout_.lanes();
  for (const int id : prepared.change.new_lanes) {
    const Lane& lane = laid.lanes[id];
    if (metrics_[lane.producer])
      metrics_[lane.producer]->add_edge(lane.edge, laid.edges[lane.edge]);
    route(lane);
  }
  const Plan& plan = *layout_.plan();
  for (const PlannedEdge& edge : plan.edges) {
    show_capacity(*base_.metrics, plan.edge_name(edge), edge.capacity_items);
  }
}

void Assembly::apply(PreparedChange prepared, ChangeProtocol::Done done) {
  auto change = std::make_shared<JobChange>();
  const std::scoped_lock lock(mutex_);
  check_nodes_are_there(prepared);
  if (prepared.restart) stopped_ = false;
  change->restart = prepared.restart;
  change->recovery = prepared.recovery;
  change->graph = GraphChange::of(prepared.layout, prepared.change);
  change->graph.orphans = layout_.orphans(prepared.change.leaving_shells);
  change->edges = prepared.layout.edges;
  for (size_t i = 0; i < prepared.change.new_shells.size(); ++i) {
    change->new_shells.push_back(spawn(prepared.change.new_shells[i], prepared, i));
  }
  change->done = [this, restart = prepared.restart, plan = layout_.plan(), before = layout_.lanes(),
                  done = std::move(done)](const std::string& error) mutable {
    if (!error.empty()) {
      const std::scoped_lock relock(mutex_);
      layout_.take_back(std::move(plan), std::move(before));
    } else if (restart) {
      const std::scoped_lock relock(mutex_);
      commit_.state.reset();
    }
    done(error);
  };
  adopt(std::move(prepared));
  detail::send_in_order(nullptr, supervisor_, ChangeJob{std::move(change)});
  // New lanes may have an end at what was lost since they were laid.
  drop("", [](int) { return false; });
}

void Assembly::adopt_options(const std::string& actor, AdoptOptions message) const {
  const std::scoped_lock lock(mutex_);
  const int id = layout_.lanes().shell(actor, 0);
  ARNO_CHECK(id >= 0, Errc::invalid_argument, "[job] found no actor \"{}\"", actor);
  detail::send_in_order(nullptr, shells_[id], std::move(message));
}

void Assembly::set_options(const std::string& actor, std::shared_ptr<const ActorOptions> options) {
  const std::scoped_lock lock(mutex_);
  layout_.set_options(actor, std::move(options));
}

std::shared_ptr<const Plan> Assembly::plan() const {
  const std::scoped_lock lock(mutex_);
  return layout_.plan();
}

JobStatus Assembly::status() const {
  const std::scoped_lock lock(mutex_);
  JobStatus out{.plan = layout_.plan()};
  if (!out.plan) return out;
  out.nodes = status_of_nodes(*out.plan);
  for (const PlannedActor& actor : out.plan->actors) {
    for (int64_t replica = 0; replica < actor.replicas; ++replica) {
      const int id = layout_.lanes().shell(actor.name, actor.number_of(replica));
      // While what was lost is placed again there is none.
      out.actors.push_back(id >= 0 ? status_of_shell(id)
                                   : ActorStatus{.actor = actor.name,
                                                 .kind = actor.kind->name,
                                                 .replica = actor.number_of(replica),
                                                 .node = actor.node_of(replica)});
    }
  }
  for (const PlannedEdge& edge : out.plan->edges) {
    out.edges.push_back(status_of_edge(out.plan->edge_name(edge)));
  }
  return out;
}

std::vector<NodeStatus> Assembly::status_of_nodes(const Plan& plan) const {
  std::vector<NodeStatus> out{{.name = kLocalNode, .heard_at = wall_clock()}};
  const auto here = plan.resources.find(kLocalNode);
  if (here != plan.resources.end()) out.front().has = here->second.has;
  for (NodeStatus& node : cluster_.nodes()) out.push_back(std::move(node));
  for (NodeStatus& node : out) node.taken = taken_on(plan, node.name);
  return out;
}

ActorStatus Assembly::status_of_shell(int number) const {
  if (metrics_[number]) return status_of(*metrics_[number]);
  const PlannedShell& shell = layout_.shell(number);
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
  const int number = layout_.lanes().edge(name);
  const auto add = [&](int64_t items, int64_t in_flight, int64_t dropped) {
    out.items += items;
    out.in_flight_items += in_flight;
    out.dropped_items += dropped;
  };
  for (size_t id = 0; id < metrics_.size(); ++id) {
    if (metrics_[id]) {
      const auto found = metrics_[id]->edges.find(number);
      // A replica that came back counts on where the one that left stopped.
      if (found == metrics_[id]->edges.end()) continue;
      if (!replicas.insert(metrics_[id]->labels.at("replica")).second) continue;
      add(static_cast<int64_t>(found->second.items.value()),
          static_cast<int64_t>(found->second.in_flight.value()),
          static_cast<int64_t>(found->second.dropped.value()));
    } else if (const auto counts = cluster_.counts(static_cast<int>(id))) {
      for (const SentOnEdge& sent : counts->edges) {
        if (sent.edge == number)
          add(sent.items, layout_.shell(static_cast<int>(id)).present ? sent.in_flight : 0,
              sent.dropped);
      }
    }
  }
  return out;
}

void Assembly::stop_clocks() {
  const std::scoped_lock lock(mutex_);
  for (const std::optional<ShellMetrics>& metrics : metrics_) {
    if (metrics) metrics->times->enter(Activity::none, ShellTimes::Clock::now());
  }
}

}  // namespace arno::graph

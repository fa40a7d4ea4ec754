// SPDX-License-Identifier: Apache-2.0
#include "graph/assembly.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <latch>
#include <set>

#include "graph/detail/mailbox_order.h"

namespace arno::graph {
namespace {

int64_t count(const monitoring::Counter& counter) { return static_cast<int64_t>(counter.value()); }

ActorStatus status_of(const PlannedShell& shell, const ShellMetrics& metrics) {
  const ShellTimes::Seconds seconds = metrics.times->seconds(ShellTimes::Clock::now());
  const auto time = [&](Activity what) { return seconds[static_cast<size_t>(what)]; };
  return {.actor = shell.actor.name,
          .kind = shell.actor.kind->name,
          .replica = shell.replica,
          .items = count(metrics.items),
          .sent_items = count(metrics.sent),
          .skipped_items = count(metrics.skipped),
          .errors = *metrics.failures,
          .queued_items = static_cast<int64_t>(metrics.queued.value()),
          .busy_s = time(Activity::busy),
          .starved_s = time(Activity::starved),
          .blocked_s = time(Activity::blocked),
          .paused_s = time(Activity::paused)};
}

}  // namespace

Assembly::Assembly(caf::actor_system& system, StageContext base, int64_t drain_timeout_s,
                   std::function<void(JobResult)> on_end)
    : system_(system),
      base_(std::move(base)),
      supervisor_(spawn_supervisor(system, {.drain_timeout_s = drain_timeout_s,
                                            .observer = base_.observer,
                                            .on_end = std::move(on_end)})) {}

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

PreparedChange Assembly::prepare(Plan plan) const {
  PreparedChange out{.plan = std::move(plan)};
  {
    const std::scoped_lock lock(mutex_);
    out.layout = layout_;
  }
  out.change = lay_out(out.layout, out.plan);
  for (const int id : out.change.new_shells) {
    const PlannedShell& shell = out.layout.shells[id];
    StageContext context = base_;
    context.actor = shell.actor.name;
    context.replica = shell.replica;
    context.replicas = shell.actor.replicas;
    out.stages.push_back(shell.actor.options->make_stage(context));
    out.contexts.push_back(std::move(context));
  }
  return out;
}

SupervisedShell Assembly::spawn(int number, const PreparedChange& prepared, size_t which) {
  const PlannedShell& shell = prepared.layout.shells[number];
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
  metrics_.push_back(parts.metrics);
  shells_.push_back(spawn_shell(system_, std::move(parts)));
  return {.shell = shells_.back(),
          .name = shell.name,
          .on_error = shell.actor.on_error,
          .max_errors = shell.actor.max_errors};
}

/// Shows the change's plan as the one that runs.
void Assembly::adopt(const PreparedChange& prepared) {
  plan_ = std::make_shared<const Plan>(prepared.plan);
  layout_ = prepared.layout;
  for (const int id : prepared.change.new_lanes) {
    const Lane& lane = layout_.lanes[id];
    metrics_[lane.producer].add_edge(lane.edge, layout_.edges[lane.edge]);
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
  JobStatus out{.plan = plan_};
  if (!plan_) return out;
  for (const PlannedActor& actor : plan_->actors) {
    for (int64_t replica = 0; replica < actor.replicas; ++replica) {
      const int id = layout_.shell(actor.name, replica);
      out.actors.push_back(status_of(layout_.shells[id], metrics_[id]));
    }
  }
  for (const PlannedEdge& edge : plan_->edges) {
    EdgeStatus status{.name = plan_->edge_name(edge)};
    const int number = layout_.edge(status.name);
    std::set<std::string> replicas;
    for (const ShellMetrics& metrics : metrics_) {
      const auto found = metrics.edges.find(number);
      // A replica that came back counts on where the one that left stopped.
      if (found == metrics.edges.end()) continue;
      if (!replicas.insert(metrics.labels.at("replica")).second) continue;
      status.items += count(found->second.items);
      status.in_flight_items += static_cast<int64_t>(found->second.in_flight.value());
    }
    out.edges.push_back(std::move(status));
  }
  return out;
}

void Assembly::stop_clocks() {
  const std::scoped_lock lock(mutex_);
  for (const ShellMetrics& metrics : metrics_) {
    metrics.times->enter(Activity::none, ShellTimes::Clock::now());
  }
}

}  // namespace arno::graph

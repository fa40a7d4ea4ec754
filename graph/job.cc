// SPDX-License-Identifier: Apache-2.0
#include "graph/job.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <future>

#include "graph/shell.h"
#include "graph/supervisor.h"

namespace arno::graph {
namespace {

struct PoolConfig : caf::actor_system_config {
  explicit PoolConfig(int64_t workers) {
    set("scheduler.max-threads", static_cast<size_t>(workers));
    set("logger.verbosity", caf::atom("quiet"));
  }
};

std::string shell_name(const PlannedActor& actor, int64_t replica) {
  return actor.replicas > 1 ? fmt::format("{}[{}]", actor.name, replica) : actor.name;
}

int64_t share(int64_t capacity, int64_t lanes) { return std::max<int64_t>(1, capacity / lanes); }

}  // namespace

struct Job::Impl {
  Impl(Plan the_plan, StageContext context)
      : plan(std::move(the_plan)), config(plan.config.workers), system(config) {
    if (!context.metrics) context.metrics = &own_metrics;
    lay_lanes();
    spawn_all(context);
  }

  ~Impl() {
    // A failed stage may hold the others up for ever: exit reaches them all the same, and the
    // actor system then waits for what each is in the middle of.
    for (const SupervisedShell& supervised : parts->shells) {
      caf::anon_send_exit(supervised.shell, caf::exit_reason::user_shutdown);
    }
    caf::anon_send_exit(lanes->supervisor, caf::exit_reason::user_shutdown);
    parts->shells.clear();
    *lanes = {};
  }

  void lay_lanes() {
    first_shell.push_back(0);
    for (const PlannedActor& actor : plan.actors) {
      first_shell.push_back(first_shell.back() + static_cast<int>(actor.replicas));
    }
    inputs.resize(first_shell.back());
    outputs.resize(first_shell.back());
    for (size_t e = 0; e < plan.edges.size(); ++e) {
      const PlannedEdge& edge = plan.edges[e];
      const int64_t senders = plan.actors[edge.from].replicas;
      const int64_t receivers = plan.actors[edge.to].replicas;
      const int64_t items = share(edge.capacity_items, senders * receivers);
      const int64_t bytes = share(edge.capacity_bytes, senders * receivers);
      for (int64_t s = 0; s < senders; ++s) {
        for (int64_t r = 0; r < receivers; ++r) {
          const int lane = static_cast<int>(ends.size());
          const int producer = first_shell[edge.from] + static_cast<int>(s);
          const int consumer = first_shell[edge.to] + static_cast<int>(r);
          ends.emplace_back(producer, consumer);
          outputs[producer].push_back({lane, edge.from_port, static_cast<int>(e), items, bytes});
          inputs[consumer].push_back({lane, edge.to_port, items});
        }
      }
    }
  }

  void spawn_all(const StageContext& base) {
    for (size_t a = 0; a < plan.actors.size(); ++a) {
      const PlannedActor& actor = plan.actors[a];
      for (int64_t r = 0; r < actor.replicas; ++r) {
        StageContext context = base;
        context.actor = actor.name;
        context.replica = r;
        context.replicas = actor.replicas;
        const int id = first_shell[a] + static_cast<int>(r);
        ShellParts shell{
            .id = id,
            .plan = &plan,
            .actor = static_cast<int>(a),
            .context = context,
            .stage = actor.options->make_stage(context),
            .inputs = inputs[id],
            .outputs = outputs[id],
            .lanes = lanes,
            .metrics = ShellMetrics::create(*base.metrics, plan, static_cast<int>(a), context)};
        parts->shells.push_back({.shell = spawn_shell(system, std::move(shell)),
                                 .name = shell_name(actor, r),
                                 .on_error = actor.on_error,
                                 .max_errors = actor.max_errors});
      }
    }
    for (const auto& [producer, consumer] : ends) {
      lanes->producers.push_back(parts->shells[producer].shell);
      lanes->consumers.push_back(parts->shells[consumer].shell);
    }
    parts->drain_timeout_s = plan.config.supervisor.drain_timeout_s;
    parts->on_end = [this](JobResult result) { ended.set_value(std::move(result)); };
    lanes->supervisor = spawn_supervisor(system, parts);
  }

  Plan plan;
  monitoring::MetricRegistry own_metrics;
  std::vector<int> first_shell;                  ///< of each actor; and the count of all shells
  std::vector<std::vector<InputLane>> inputs;    ///< by shell
  std::vector<std::vector<OutputLane>> outputs;  ///< by shell
  std::vector<std::pair<int, int>> ends;         ///< producer and consumer shell, by lane
  std::promise<JobResult> ended;
  std::shared_ptr<LaneTable> lanes = std::make_shared<LaneTable>();
  std::shared_ptr<SupervisorParts> parts = std::make_shared<SupervisorParts>();
  PoolConfig config;
  caf::actor_system system;
};

Job::Job(Plan plan, StageContext context)
    : impl_(std::make_unique<Impl>(std::move(plan), std::move(context))) {}
Job::~Job() = default;

void Job::start() { caf::anon_send(impl_->lanes->supervisor, Start{}); }
void Job::drain() { caf::anon_send(impl_->lanes->supervisor, DrainJob{}); }
void Job::abort(const std::string& reason) {
  caf::anon_send(impl_->lanes->supervisor, AbortJob{reason});
}
JobResult Job::wait() { return impl_->ended.get_future().get(); }

}  // namespace arno::graph

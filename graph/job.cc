// SPDX-License-Identifier: Apache-2.0
#include "graph/job.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <future>
#include <latch>

#include "graph/assembly.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {
namespace {

struct PoolConfig : caf::actor_system_config {
  explicit PoolConfig(int64_t workers) {
    set("scheduler.max-threads", static_cast<size_t>(workers));
    // The work-stealing policy polls: its idle workers would take time from the kernels.
    set("scheduler.policy", caf::atom("sharing"));
    // An actor with work left sends itself a message: without a bound it would keep its thread.
    set("scheduler.max-throughput", size_t{16});
    set("logger.verbosity", caf::atom("quiet"));
  }
};

}  // namespace

struct Job::Impl {
  Impl(Plan the_plan, StageContext context)
      : plan(std::move(the_plan)),
        result(ended.get_future().share()),
        prepared(prepare(std::move(context))),
        config(plan.config.workers),
        system(config),
        assembly(assemble(system, plan, prepared, [this](JobResult how) {
          stop_clocks();
          ended.set_value(std::move(how));
        })) {
    prepared.stages.clear();
  }

  ~Impl() {
    const auto shells = static_cast<std::ptrdiff_t>(assembly.supervised->shells.size());
    const auto alive = std::make_shared<std::latch>(shells + 1);
    const auto end = [&](const auto& actor) {
      caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor(
          [alive] { alive->count_down(); });
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    };
    end(assembly.supervisor());
    for (const SupervisedShell& supervised : assembly.supervised->shells) end(supervised.shell);
    alive->wait();
    assembly.clear();
  }

  template <class Message>
  void tell_supervisor(Message message) {
    detail::send_in_order(nullptr, assembly.supervisor(), std::move(message));
  }

  PreparedShells prepare(StageContext context) {
    if (!context.metrics) context.metrics = &own_metrics;
    return prepare_shells(plan, context);
  }

  ActorStatus actor_status(size_t shell) const {
    const PlannedShell& planned = prepared.layout.shells[shell];
    const ShellMetrics& metrics = prepared.metrics[shell];
    const ShellTimes::Seconds seconds = metrics.times->seconds(ShellTimes::Clock::now());
    const auto time = [&](Activity what) { return seconds[static_cast<size_t>(what)]; };
    return {.actor = plan.actors[planned.actor].name,
            .kind = plan.actors[planned.actor].kind->name,
            .replica = planned.replica,
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

  /// What was cut short does not wait for ever.
  void stop_clocks() {
    for (ShellMetrics& metrics : prepared.metrics) {
      metrics.times->enter(Activity::none, ShellTimes::Clock::now());
    }
  }

  EdgeStatus edge_status(size_t edge) const {
    EdgeStatus out{.name = plan.edge_name(plan.edges[edge])};
    for (const ShellMetrics& metrics : prepared.metrics) {
      const auto found = metrics.edges.find(static_cast<int>(edge));
      if (found == metrics.edges.end()) continue;
      out.items += count(found->second.items);
      out.in_flight_items += static_cast<int64_t>(found->second.in_flight.value());
    }
    return out;
  }

  static int64_t count(const monitoring::Counter& counter) {
    return static_cast<int64_t>(counter.value());
  }

  // In this order: actors use what stands above the system until it is gone.
  Plan plan;
  monitoring::MetricRegistry own_metrics;
  std::promise<JobResult> ended;
  std::shared_future<JobResult> result;
  PreparedShells prepared;
  PoolConfig config;
  caf::actor_system system;
  Assembly assembly;
};

Job::Job(Plan plan, StageContext context)
    : impl_(std::make_unique<Impl>(std::move(plan), std::move(context))) {}
Job::~Job() = default;

void Job::start() { impl_->tell_supervisor(Start{}); }
void Job::drain() { impl_->tell_supervisor(DrainJob{}); }
void Job::abort(const std::string& reason) { impl_->tell_supervisor(AbortJob{reason}); }
JobResult Job::wait() { return impl_->result.get(); }

JobStatus Job::status() const {
  JobStatus out;
  for (size_t i = 0; i < impl_->prepared.layout.shells.size(); ++i) {
    out.actors.push_back(impl_->actor_status(i));
  }
  for (size_t i = 0; i < impl_->plan.edges.size(); ++i) out.edges.push_back(impl_->edge_status(i));
  return out;
}

}  // namespace arno::graph

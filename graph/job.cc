// SPDX-License-Identifier: Apache-2.0
#include "graph/job.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <future>
#include <mutex>

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
  Impl(Plan plan, StageContext context)
      : result(ended.get_future().share()),
        config(plan.config.workers),
        system(config),
        assembly(system, completed(std::move(context)), plan.config.supervisor.drain_timeout_s,
                 [this](JobResult how) {
                   assembly.stop_clocks();
                   ended.set_value(std::move(how));
                 }),
        first(assembly.prepare(std::move(plan))) {}

  StageContext completed(StageContext context) {
    if (!context.metrics) context.metrics = &own_metrics;
    if (!context.groups) context.groups = ops::local_groups();
    return context;
  }

  template <class Message>
  void tell_supervisor(Message message) {
    detail::send_in_order(nullptr, assembly.supervisor(), std::move(message));
  }

  // In this order: actors use what stands above the system until it is gone.
  monitoring::MetricRegistry own_metrics;
  std::promise<void> started;  ///< the first change, from nothing to the graph, is done
  std::promise<JobResult> ended;
  std::shared_future<JobResult> result;
  PoolConfig config;
  caf::actor_system system;
  Assembly assembly;
  PreparedChange first;
  std::mutex changing;
  std::shared_future<void> is_started{started.get_future()};
};

Job::Job(Plan plan, StageContext context)
    : impl_(std::make_unique<Impl>(std::move(plan), std::move(context))) {}
Job::~Job() = default;

void Job::start() {
  impl_->assembly.apply(std::move(impl_->first),
                        [this](const std::string&) { impl_->started.set_value(); });
}
void Job::drain() { impl_->tell_supervisor(DrainJob{}); }
void Job::abort(const std::string& reason) { impl_->tell_supervisor(AbortJob{reason}); }
JobResult Job::wait() { return impl_->result.get(); }

void Job::change(Plan plan) {
  const std::scoped_lock lock(impl_->changing);
  impl_->is_started.wait();
  const auto answer = std::make_shared<std::promise<std::string>>();
  impl_->assembly.apply(impl_->assembly.prepare(std::move(plan)),
                        [answer](const std::string& error) { answer->set_value(error); });
  const std::string error = answer->get_future().get();
  ARNO_CHECK(error.empty(), Errc::cancelled, "[job] the graph was not changed: {}", error);
}

std::shared_ptr<const ActorOptions> Job::adopt(const std::string& actor,
                                               std::shared_ptr<const ActorOptions> options) {
  const std::scoped_lock lock(impl_->changing);
  auto adopted = std::make_shared<std::promise<std::shared_ptr<const ActorOptions>>>();
  std::future<std::shared_ptr<const ActorOptions>> answer = adopted->get_future();
  impl_->assembly.adopt_options(actor, AdoptOptions{std::move(options), std::move(adopted)});
  try {
    std::shared_ptr<const ActorOptions> out = answer.get();
    impl_->assembly.set_options(actor, out);
    return out;
  } catch (const std::future_error&) {
    fail(Errc::cancelled, "[job] {} was not changed: the job is ending", actor);
  }
}

std::shared_ptr<const Plan> Job::plan() const { return impl_->assembly.plan(); }
JobStatus Job::status() const { return impl_->assembly.status(); }

}  // namespace arno::graph

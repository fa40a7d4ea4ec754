// SPDX-License-Identifier: Apache-2.0
#include "graph/job.h"

#include <caf/actor_system.hpp>
#include <future>
#include <mutex>

#include "graph/assembly.h"
#include "graph/detail/mailbox_order.h"
#include "graph/detail/pool_config.h"
#include "graph/once_observer.h"
#include "graph/recovery.h"

namespace arno::graph {

struct Job::Impl {
  Impl(Plan plan, StageContext context)
      : result(ended.get_future().share()),
        observer(context.observer, context.from.step),
        config(plan.config.workers),
        system(config),
        recovery(assembly, observer,
                 [this](const std::string& why) { tell_supervisor(AbortJob{why}); }),
        assembly(system, completed(std::move(context)), plan.config.supervisor.drain_timeout_s,
                 listeners()),
        first(assembly.prepare(std::move(plan))) {}
  ~Impl() { recovery.close(); }

  StageContext completed(StageContext context) {
    if (!context.metrics) context.metrics = &own_metrics;
    context.observer = &observer;
    return context;
  }

  AssemblyListeners listeners() {
    return {.on_end =
                [this](JobResult how) {
                  recovery.stop();
                  assembly.stop_clocks();
                  ended.set_value(std::move(how));
                },
            .on_lost = [this](const std::string& node,
                              const std::string& why) { recovery.on_lost(node, why); },
            .on_setback = [this](int shell,
                                 const std::string& why) { recovery.on_setback(shell, why); },
            .on_shadow_failed = [this](int shell) { recovery.on_shadow_failed(shell); }};
  }

  template <class Message>
  void tell_supervisor(Message message) {
    detail::send_in_order(nullptr, assembly.supervisor(), std::move(message));
  }

  // In this order: actors use what stands above the system until it is gone, and the cluster may
  // tell of a lost node until then.
  monitoring::MetricRegistry own_metrics;
  std::promise<JobResult> ended;
  std::shared_future<JobResult> result;
  OnceObserver observer;
  detail::PoolConfig config;
  caf::actor_system system;
  Recovery recovery;
  Assembly assembly;
  PreparedChange first;
};

Job::Job(Plan plan, StageContext context)
    : impl_(std::make_unique<Impl>(std::move(plan), std::move(context))) {}
Job::~Job() = default;

void Job::start() {
  impl_->recovery.begin();
  impl_->assembly.apply(std::move(impl_->first),
                        [this](const std::string&) { impl_->recovery.start(); });
}
void Job::drain() {
  impl_->recovery.drain();
  impl_->tell_supervisor(DrainJob{});
}
void Job::abort(const std::string& reason) { impl_->tell_supervisor(AbortJob{reason}); }
JobResult Job::wait() { return impl_->result.get(); }

void Job::change(Plan plan) { impl_->recovery.change(std::move(plan)); }

std::shared_ptr<const ActorOptions> Job::adopt(const std::string& actor,
                                               std::shared_ptr<const ActorOptions> options) {
  const std::scoped_lock lock(impl_->recovery.changing());
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

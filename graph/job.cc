// SPDX-License-Identifier: Apache-2.0
#include "graph/job.h"

#include <caf/actor_system.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "common/log.h"
#include "graph/assembly.h"
#include "graph/detail/mailbox_order.h"
#include "graph/detail/pool_config.h"

namespace arno::graph {

struct Job::Impl {
  Impl(Plan plan, StageContext context)
      : result(ended.get_future().share()),
        config(plan.config.workers),
        system(config),
        assembly(
            system, completed(std::move(context)), plan.config.supervisor.drain_timeout_s,
            [this](JobResult how) {
              assembly.stop_clocks();
              ended.set_value(std::move(how));
            },
            [this](const std::string& node, const std::string& why) { lose(node, why); }),
        first(assembly.prepare(std::move(plan))) {}

  ~Impl() {
    std::vector<std::jthread> last;
    {
      const std::scoped_lock lock(losing);
      closing = true;
      last = std::move(recoveries);
    }
  }

  StageContext completed(StageContext context) {
    observer = context.observer;
    if (!context.metrics) context.metrics = &own_metrics;
    if (!context.groups) context.groups = ops::local_groups();
    return context;
  }

  /// Goes on without a node: in a thread of its own, as it waits for the change.
  void lose(const std::string& node, const std::string& why) {
    const std::scoped_lock lock(losing);
    if (closing) return;
    recoveries.emplace_back([this, node, why] {
      log::warn("job", "node {} was lost: {}", node, why);
      try {
        // Not under the lock: a change that waits for the node would never end.
        assembly.drop_node(node);
        change([&] { return assembly.plan_without_lost(); });
        assembly.finish_recovery();
        if (observer)
          observer->on_event({"attach", "", "replicas of node " + node + " run elsewhere"});
      } catch (const Error& error) {
        if (error.code() == Errc::cancelled) return;
        tell_supervisor(
            AbortJob{fmt::format("node {} was lost, and its actors could not be placed "
                                 "again: {}",
                                 node, error.what())});
      }
    });
  }

  /// Brings the graph to the plan that `make` gives. Throws.
  template <class Make>
  void change(Make make) {
    const std::scoped_lock lock(changing);
    running.wait();
    const auto answer = std::make_shared<std::promise<std::string>>();
    std::future<std::string> told = answer->get_future();
    assembly.apply(
        assembly.prepare(make()),
        [answer = std::move(answer)](const std::string& error) { answer->set_value(error); });
    std::string error = "the job has ended";
    try {
      error = told.get();
    } catch (const std::future_error&) {
      // The supervisor went without an answer.
    }
    ARNO_CHECK(error.empty(), Errc::cancelled, "[job] the graph was not changed: {}", error);
  }

  template <class Message>
  void tell_supervisor(Message message) {
    detail::send_in_order(nullptr, assembly.supervisor(), std::move(message));
  }

  // In this order: actors use what stands above the system until it is gone.
  JobObserver* observer = nullptr;
  monitoring::MetricRegistry own_metrics;
  std::promise<JobResult> ended;
  std::shared_future<JobResult> result;
  std::promise<void> begun;
  std::shared_future<void> running = begun.get_future().share();  ///< the first change is through
  std::mutex changing;
  std::mutex losing;                     ///< guards what follows
  std::vector<std::jthread> recoveries;  ///< one for each node that was lost
  bool closing = false;
  detail::PoolConfig config;
  caf::actor_system system;
  Assembly assembly;
  PreparedChange first;
};

Job::Job(Plan plan, StageContext context)
    : impl_(std::make_unique<Impl>(std::move(plan), std::move(context))) {}
Job::~Job() = default;

void Job::start() {
  impl_->assembly.apply(std::move(impl_->first),
                        [this](const std::string&) { impl_->begun.set_value(); });
}
void Job::drain() { impl_->tell_supervisor(DrainJob{}); }
void Job::abort(const std::string& reason) { impl_->tell_supervisor(AbortJob{reason}); }
JobResult Job::wait() { return impl_->result.get(); }

void Job::change(Plan plan) {
  impl_->change([&] { return std::move(plan); });
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

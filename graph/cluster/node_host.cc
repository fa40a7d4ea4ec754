// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/node_host.h"

#include <caf/actor_addr.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <mutex>
#include <optional>

#include "common/host_port.h"
#include "common/log.h"
#include "common/version.h"
#include "graph/cluster/log_tap.h"
#include "graph/cluster/wire.h"
#include "graph/detail/control_system.h"
#include "graph/detail/hosted_job.h"
#include "graph/job_config.h"

namespace arno::graph {
namespace {

constexpr std::chrono::milliseconds kTellEvery{500};

/// To whom the shells of a node report. Thread-safe.
class Launcher {
 public:
  void set(LauncherActor launcher) {
    const std::scoped_lock lock(mutex_);
    launcher_ = std::move(launcher);
  }
  void report(const std::string& node, const NodeReport& report) const {
    const std::scoped_lock lock(mutex_);
    if (launcher_) caf::anon_send(launcher_, node, to_wire(report));
  }

 private:
  mutable std::mutex mutex_;
  LauncherActor launcher_;
};

struct HostState {
  static constexpr const char* name = "node";

  NodeOptions options;
  const Registry* registry = nullptr;
  monitoring::MetricRegistry* metrics = nullptr;
  LogTap* log = nullptr;
  std::shared_ptr<Launcher> launcher = std::make_shared<Launcher>();
  caf::actor_addr watched;  ///< the launcher
  bool telling = false;     ///< a reminder is under way
  std::optional<detail::HostedJob> job;

  /// What a launcher gets to know first.
  std::string describe(const JoinRequest& request) const {
    check_peer(request);
    return to_wire(JoinReply{"", options.monitoring, options.resources, job.has_value()});
  }

  void check_peer(const JoinRequest& request) const {
    ARNO_CHECK(request.version == version(), Errc::unsupported,
               "node {} is of version {}, the launcher of job {} of {}", options.name, version(),
               request.job, request.version);
    ARNO_CHECK(request.node == options.name, Errc::config_invalid,
               "this node is {}, the job file calls it {}", options.name, request.node);
  }

  std::string join(const JoinRequest& request) {
    check_peer(request);
    if (job && job->job() == request.job) leave_job();
    ARNO_CHECK(!job, Errc::cancelled, "node {} works for job {} already", options.name, job->job());
    job.emplace(options, *registry, *metrics, request,
                [launcher = launcher, node = options.name](const NodeReport& report) {
                  launcher->report(node, report);
                });
    log->take();  // what was before concerns nobody
    log::info("node", "joined job {}", request.job);
    return to_wire(JoinReply{job->payload_address(), options.monitoring, options.resources});
  }

  std::string place(const PlaceRequest& request) {
    ARNO_CHECK(job, Errc::cancelled, "node {} is part of no job", options.name);
    job->place(request);
    return "";
  }

  std::string check(const std::string& plan_yaml) {
    ARNO_CHECK(job, Errc::cancelled, "node {} is part of no job", options.name);
    job->checked(plan_yaml);
    return "";
  }

  std::string clear(const ClearRequest& request) {
    if (job) job->clear(request);
    return "";
  }

  void leave_job() {
    if (!job) return;
    log::info("node", "job {} has ended, or goes on without this node: its actors here end",
              job->job());
    forget_launcher();
    job.reset();
  }

  void lose_launcher() {
    if (!job) return;
    log::warn("node", "the launcher of job {} is gone: its actors here end", job->job());
    forget_launcher();
    job->save();
    job.reset();
  }

  void forget_launcher() {
    launcher->set({});
    watched = {};
  }
};

using Self = NodeActor::stateful_pointer<HostState>;

void tell_how_it_goes(const HostState& state) {
  if (!state.job) return;
  state.launcher->report(state.options.name, state.job->counts());
  auto [lines, dropped] = state.log->take();
  if (!lines.empty()) {
    state.launcher->report(state.options.name,
                           {.kind = NodeReport::log, .code = dropped, .lines = std::move(lines)});
  }
}

void tell_again(Self self) {
  if (!self->state.job || std::exchange(self->state.telling, true)) return;
  self->delayed_send(self, kTellEvery, TellAtom::value);
}

/// The launcher is watched from the start: one that is gone before it has the answer is not waited
/// for.
std::string join(Self self, const std::string& body, const caf::strong_actor_ptr& launcher) {
  HostState& state = self->state;
  ARNO_CHECK(launcher, Errc::comm_failed, "found nobody to report to");
  const std::string reply = state.join(from_wire<JoinRequest>(body));
  state.watched = launcher->address();
  self->monitor(caf::actor_cast<caf::actor>(launcher));
  state.launcher->set(caf::actor_cast<LauncherActor>(launcher));
  tell_again(self);
  return reply;
}

NodeActor::behavior_type host(Self self, NodeOptions options, const Registry* registry,
                              monitoring::MetricRegistry* metrics, LogTap* log) {
  HostState& state = self->state;
  state.log = log;
  state.options = std::move(options);
  state.registry = registry;
  state.metrics = metrics;
  self->set_down_handler([&state](const caf::down_msg& message) {
    if (message.source == state.watched) state.lose_launcher();
  });
  return {
      [self](const std::string& request, const caf::strong_actor_ptr& launcher) {
        auto [code, text] =
            detail::answer_of("join", [&] { return join(self, request, launcher); });
        return caf::result<int32_t, std::string>(code, std::move(text));
      },
      [&state](const std::string& verb, const std::string& body) {
        auto [code, text] = detail::answer_of(verb, [&] {
          if (verb == kDescribe) return state.describe(from_wire<JoinRequest>(body));
          if (verb == kPlace) return state.place(from_wire<PlaceRequest>(body));
          if (verb == kCheckPlan) return state.check(body);
          if (verb == kClear) return state.clear(from_wire<ClearRequest>(body));
          fail(Errc::unsupported, "found the unknown request \"{}\"", verb);
        });
        // Also of a job that ends at once.
        if (verb == kPlace) tell_how_it_goes(state);
        return caf::result<int32_t, std::string>(code, std::move(text));
      },
      [&state](int32_t shell, const std::string& order) {
        detail::answer_of("an order", [&] {
          if (state.job) state.job->obey(shell, from_wire<ShellOrder>(order));
          return std::string();
        });
      },
      [&state](KeyAtom, const std::string& key, const std::string& value) {
        if (state.job) state.job->learn(key, value);
      },
      [&state](BreakAtom, const std::string& why) {
        if (state.job) state.job->break_groups(why);
      },
      [&state](LeaveAtom, const std::string& job) {
        if (state.job && state.job->job() == job) state.leave_job();
      },
      [self, &state](TellAtom) {
        state.telling = false;
        tell_how_it_goes(state);
        tell_again(self);
      },
  };
}

/// What no job could use is found here, and not when the first one comes.
const NodeOptions& checked(const NodeOptions& options) {
  ARNO_CHECK(is_name(options.name), Errc::config_invalid, "found the node name \"{}\", expected {}",
             options.name, kNameRule);
  ARNO_CHECK(options.name != kLocalNode, Errc::config_invalid,
             "found the node name \"{}\", expected another one: it is where a job is launched",
             options.name);
  ARNO_CHECK(parse_tcp_address(options.payload), Errc::config_invalid,
             "found the payload address \"{}\", expected tcp://host:port", options.payload);
  return options;
}

}  // namespace

struct NodeHost::Impl {
  Impl(const NodeOptions& options, const Registry& registry, monitoring::MetricRegistry& metrics)
      : control_system(checked(options).key),
        actor(control_system.system().spawn(host, options, &registry, &metrics, &log)) {}
  ~Impl() { caf::anon_send_exit(actor, caf::exit_reason::user_shutdown); }

  LogTap log;  // outlives the actor
  detail::ControlSystem control_system;
  NodeActor actor;
};

NodeHost::NodeHost(const NodeOptions& options, const Registry& registry,
                   monitoring::MetricRegistry& metrics)
    : impl_(std::make_unique<Impl>(options, registry, metrics)),
      address_(impl_->control_system.publish(impl_->actor, options.listen)) {}

NodeHost::~NodeHost() = default;

}  // namespace arno::graph

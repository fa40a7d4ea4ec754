// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/node_host.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <mutex>
#include <set>

#include "common/log.h"
#include "common/version.h"
#include "graph/cluster/lane_router.h"
#include "graph/cluster/log_tap.h"
#include "graph/cluster/replica_groups.h"
#include "graph/cluster/wire.h"
#include "graph/detail/control_system.h"
#include "graph/detail/end_actors.h"
#include "graph/detail/mailbox_order.h"
#include "graph/detail/pool_config.h"
#include "graph/shell.h"

namespace arno::graph {
namespace {

constexpr std::chrono::milliseconds kTellEvery{500};

/// Passes on what shells tell their supervisor.
SupervisorActor::behavior_type reporter(SupervisorActor::pointer,
                                        const std::function<void(NodeReport)>& report) {
  return {[](const ChangeJob&) {},
          [report](const InputAdded& message) {
            report({.kind = NodeReport::input_added, .lane = message.lane, .flag = message.taken});
          },
          [report](const OutputAdded& message) {
            report({.kind = NodeReport::output_added, .lane = message.lane});
          },
          [](const DropShells&) {},
          [report](const OutputDropped& message) {
            report({.kind = NodeReport::output_dropped, .lane = message.lane});
          },
          [](const FinishRecovery&) {},
          [report](const StageFinished& message) {
            report({.kind = NodeReport::finished, .shell = message.shell});
          },
          [report](const StageFailed& message) {
            report({.kind = NodeReport::failed,
                    .shell = message.shell,
                    .flag = message.fatal,
                    .code = static_cast<int32_t>(message.code),
                    .text = message.text});
          },
          [](const DrainJob&) {},
          [](const AbortJob&) {},
          [](const DrainTimedOut&) {}};
}

/// Tells the launcher what stages say to their job.
class ReportingObserver final : public JobObserver {
 public:
  explicit ReportingObserver(std::function<void(NodeReport)> report) : report_(std::move(report)) {}
  void on_event(const JobEvent& event) override {
    report_(
        {.kind = NodeReport::event,
         .text = fmt::format("{}{}{}", event.actor, event.actor.empty() ? "" : ": ", event.text),
         .name = event.kind});
  }

 private:
  std::function<void(NodeReport)> report_;
};

/// The part of one job that runs here.
class HostedJob {
 public:
  HostedJob(const NodeOptions& options, const Registry& registry,
            monitoring::MetricRegistry& metrics, const JoinRequest& request,
            std::function<void(NodeReport)> report)
      : registry_(registry),
        metrics_(metrics),
        node_(options.name),
        key_(options.key),
        job_(request.job),
        observer_(report),
        report_(report),
        router_(std::make_shared<LaneRouter>(registry,
                                             LaneRouterOptions{.node = options.name,
                                                               .job = request.job,
                                                               .listen = options.payload,
                                                               .key = options.key,
                                                               .on_lost = tell_lost(report)})),
        config_(options.workers),
        system_(config_),
        supervisor_(system_.spawn(reporter, std::move(report))) {}

  ~HostedJob() {
    break_groups("the job is gone");
    router_->clear();
    for (const auto& [number, shell] : shells_) {
      caf::anon_send_exit(shell, caf::exit_reason::user_shutdown);
    }
    for (const auto& [node, proxy] : proxies_) {
      caf::anon_send_exit(proxy, caf::exit_reason::user_shutdown);
    }
    caf::anon_send_exit(supervisor_, caf::exit_reason::user_shutdown);
    shells_.clear();
    proxies_.clear();
    supervisor_ = nullptr;
    system_.await_all_actors_done();
  }

  static std::function<void(const std::string&, const std::string&)> tell_lost(
      std::function<void(NodeReport)> report) {
    return [report = std::move(report)](const std::string& node, const std::string& why) {
      report({.kind = NodeReport::link_lost, .text = why, .name = node});
    };
  }
  const std::string& job() const { return job_; }
  const std::string& payload_address() const { return router_->address(); }

  /// Throws what keeps it from being run here.
  Plan checked(const std::string& plan_yaml) const {
    ConfigProblems problems;
    Plan plan = make_plan(
        RawConfig::from_text(plan_yaml, fmt::format("plan of {} on node {}", job_, node_)),
        registry_, problems);
    throw_if_any(problems);
    return plan;
  }

  void place(const PlaceRequest& request) {
    const Plan plan = checked(request.plan_yaml);
    meet(request.nodes);
    first_step_ = request.first_step;
    begin(request.start);
    for (const PlacedShell& shell : request.known) node_of_[shell.number] = shell.node;
    for (const PlacedShell& shell : request.shells) {
      node_of_[shell.number] = shell.node;
      if (shell.node == node_) spawn(plan, shell);
    }
  }

  /// Another process has put this into the store of the groups.
  void learn(const std::string& key, const std::string& value) {
    if (groups_) groups_->learn(key, value);
  }
  void break_groups(const std::string& why) {
    if (groups_) groups_->abort(why);
  }

  /// Ends the shells with lower numbers.
  void clear(const ClearRequest& request) {
    break_groups("the graph starts anew");
    std::vector<ShellActor> old;
    for (auto at = shells_.begin(); at != shells_.end() && at->first < request.below;) {
      if (forming_.erase(at->first) == 0) {
        old.push_back(std::move(at->second));
      } else {
        caf::anon_send_exit(at->second, caf::exit_reason::user_shutdown);
      }
      counts_.erase(at->first);
      at = shells_.erase(at);
    }
    detail::end_actors(old);
  }

  void obey(int number, const ShellOrder& order) {
    const auto found = shells_.find(number);
    if (found == shells_.end()) return;
    const ShellActor& shell = found->second;
    const Lane& lane = order.lane;
    const auto tell = [&](auto message) {
      detail::send_in_order(nullptr, shell, std::move(message));
    };
    switch (order.kind) {
      case ShellOrder::start:
        return tell(Start{});
      case ShellOrder::drain:
        return tell(Drain{});
      case ShellOrder::add_input:
        router_->add_consumer(lane.id, shell);
        return tell(AddInput{lane.input(), order.peer, peer(order.peer)});
      case ShellOrder::add_output:
        router_->add_producer(lane.id, shell);
        counts_.at(number).add_edge(lane.edge, order.edge);
        return tell(AddOutput{lane.output(), order.edge, order.peer, peer(order.peer)});
      case ShellOrder::close_output:
        return tell(CloseOutput{lane.id});
      case ShellOrder::drop_output:
        return tell(DropOutput{lane.id});
      case ShellOrder::resize:
        return tell(ResizeLane{lane.id, lane.capacity_items, lane.capacity_bytes});
      case ShellOrder::leave:
        return tell(Leave{});
      case ShellOrder::restart:
        return tell(Decision::restart);
      case ShellOrder::skip:
        return tell(Decision::skip);
      case ShellOrder::discard:
        caf::anon_send_exit(shell, caf::exit_reason::user_shutdown);
        shells_.erase(found);
        counts_.erase(number);
        return;
    }
  }

  NodeReport counts() const {
    NodeReport out{.kind = NodeReport::counts};
    for (const auto& [number, metrics] : counts_) {
      ShellCounts shell{.shell = number, .status = status_of(metrics)};
      for (const auto& [edge, of_edge] : metrics.edges) {
        shell.edges.push_back({.edge = edge,
                               .items = static_cast<int64_t>(of_edge.items.value()),
                               .in_flight = static_cast<int64_t>(of_edge.in_flight.value()),
                               .dropped = static_cast<int64_t>(of_edge.dropped.value())});
      }
      out.all.push_back(std::move(shell));
    }
    return out;
  }

 private:
  /// The groups of a start of the graph are formed anew.
  void begin(int64_t start) {
    if (start == start_) return;
    start_ = start;
    groups_ = std::make_unique<ReplicaGroups>(
        start, router_->address(), key_, [this](const std::string& key, const std::string& value) {
          report_({.kind = NodeReport::key, .text = value, .name = key});
        });
  }

  void spawn(const Plan& plan, const PlacedShell& placed) {
    const auto actor = std::ranges::find(plan.actors, placed.actor, &PlannedActor::name);
    ARNO_CHECK(actor != plan.actors.end(), Errc::comm_failed,
               "[node] was to run {}, which is not in the plan", placed.actor);
    StageContext context = base_context(plan.config);
    context.actor = actor->name;
    context.replica = placed.replica;
    context.replicas = actor->replicas;
    context.metrics = &metrics_;
    context.observer = &observer_;
    context.from = {.step = first_step_, .back = start_ > 0};
    context.groups = groups_->between_nodes();
    ShellParts parts{.id = placed.number,
                     .actor = *actor,
                     .context = context,
                     .stage = actor->options->make_stage(context),
                     .supervisor = supervisor_,
                     .metrics = ShellMetrics::create(metrics_, *actor, placed.replica)};
    counts_.emplace(placed.number, parts.metrics);
    if (actor->forms_groups()) forming_.insert(placed.number);
    shells_[placed.number] = spawn_shell(system_, std::move(parts));
  }

  /// Connects to the other nodes. One that is not among them any more was lost, silent perhaps:
  /// when another process of its name comes, nothing is to go to this one.
  void meet(const std::vector<NodeAddress>& nodes) {
    std::map<std::string, std::string> now;
    for (const NodeAddress& other : nodes) {
      if (other.node != node_) now[other.node] = other.payload;
    }
    for (const auto& [node, address] : others_) {
      if (!now.contains(node)) router_->forget(node);
    }
    for (const auto& [node, address] : now) {
      if (!others_.contains(node)) router_->expect(node);
      router_->connect(node, address);
    }
    others_ = std::move(now);
  }

  /// The other end of a lane: a shell here, or the stand-in of its node.
  caf::strong_actor_ptr peer(int number) {
    if (const auto here = shells_.find(number); here != shells_.end()) {
      return caf::actor_cast<caf::strong_actor_ptr>(here->second);
    }
    const auto placed = node_of_.find(number);
    const std::string node = placed == node_of_.end() ? kLocalNode : placed->second;
    auto proxy = proxies_.find(node);
    if (proxy == proxies_.end()) {
      proxy = proxies_.emplace(node, spawn_remote_shell(system_, {.node = node, .router = router_}))
                  .first;
    }
    return caf::actor_cast<caf::strong_actor_ptr>(proxy->second);
  }

  const Registry& registry_;
  monitoring::MetricRegistry& metrics_;
  std::string node_;
  std::string key_;  ///< folder of the job key; empty: none
  std::string job_;
  ReportingObserver observer_;
  std::function<void(NodeReport)> report_;
  std::shared_ptr<LaneRouter> router_;
  int64_t start_ = -1;      ///< number of the start of the graph
  int64_t first_step_ = 0;  ///< steps that were done before it
  std::unique_ptr<ReplicaGroups> groups_;
  detail::PoolConfig config_;
  caf::actor_system system_;
  SupervisorActor supervisor_;
  std::map<int, ShellActor> shells_;           ///< by number
  std::map<int, ShellMetrics> counts_;         ///< by number
  std::set<int> forming_;                      ///< shells that form groups; not waited for
  std::map<int, std::string> node_of_;         ///< by number of a shell
  std::map<std::string, ShellActor> proxies_;  ///< by node
  std::map<std::string, std::string> others_;  ///< payload addresses of other nodes, by name
};

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
  std::optional<HostedJob> job;

  /// What a launcher gets to know first.
  std::string describe(const JoinRequest& request) const {
    check_peer(request);
    return to_wire(JoinReply{"", options.monitoring, options.resources});
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
    log::info("node", "job {} is gone, or goes on without this node: its actors here end",
              job->job());
    launcher->set({});
    job.reset();
  }
};

using Self = NodeActor::stateful_pointer<HostState>;

void tell_how_it_goes(Self self) {
  HostState& state = self->state;
  if (!state.job) return;
  state.launcher->report(state.options.name, state.job->counts());
  auto [lines, dropped] = state.log->take();
  if (!lines.empty()) {
    state.launcher->report(state.options.name,
                           {.kind = NodeReport::log, .code = dropped, .lines = std::move(lines)});
  }
  self->delayed_send(self, kTellEvery, TellAtom::value);
}

NodeActor::behavior_type host(Self self, NodeOptions options, const Registry* registry,
                              monitoring::MetricRegistry* metrics, LogTap* log) {
  HostState& state = self->state;
  state.log = log;
  state.options = std::move(options);
  state.registry = registry;
  state.metrics = metrics;
  self->set_down_handler([&state](const caf::down_msg&) { state.leave_job(); });
  return {
      [&state](const std::string& verb, const std::string& body) {
        auto [code, text] = detail::answer_of(verb, [&] {
          if (verb == kDescribe) return state.describe(from_wire<JoinRequest>(body));
          if (verb == kJoin) return state.join(from_wire<JoinRequest>(body));
          if (verb == kPlace) return state.place(from_wire<PlaceRequest>(body));
          if (verb == kCheckPlan) return state.check(body);
          if (verb == kClear) return state.clear(from_wire<ClearRequest>(body));
          fail(Errc::unsupported, "found the unknown request \"{}\"", verb);
        });
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
      [self, &state](const caf::strong_actor_ptr& launcher) {
        // Nobody: the job goes on without this node.
        if (!launcher) return state.leave_job();
        self->monitor(caf::actor_cast<caf::actor>(launcher));
        state.launcher->set(caf::actor_cast<LauncherActor>(launcher));
        tell_how_it_goes(self);
      },
      [self](TellAtom) { tell_how_it_goes(self); },
  };
}

}  // namespace

struct NodeHost::Impl {
  Impl(const NodeOptions& options, const Registry& registry, monitoring::MetricRegistry& metrics)
      : control_system(options.key),
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

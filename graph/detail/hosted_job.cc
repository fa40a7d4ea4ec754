// SPDX-License-Identifier: Apache-2.0
#include "graph/detail/hosted_job.h"

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "common/log.h"
#include "graph/detail/end_actors.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph::detail {
namespace {

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
          [](const FinishGraph&) {},
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

std::function<void(const std::string&, const std::string&)> tell_lost(
    std::function<void(NodeReport)> report) {
  return [report = std::move(report)](const std::string& node, const std::string& why) {
    report({.kind = NodeReport::link_lost, .text = why, .name = node});
  };
}

}  // namespace

HostedJob::HostedJob(const NodeOptions& options, const Registry& registry,
                     monitoring::MetricRegistry& metrics, const JoinRequest& request,
                     std::function<void(NodeReport)> report)
    : registry_(registry),
      metrics_(metrics),
      node_(options.name),
      key_(options.key),
      job_(request.job),
      observer_(std::make_unique<ReportingObserver>(report)),
      report_(report),
      router_(
          std::make_shared<LaneRouter>(registry, LaneRouterOptions{.node = options.name,
                                                                   .job = request.job,
                                                                   .listen = options.payload,
                                                                   .key = options.key,
                                                                   .on_lost = tell_lost(report)})),
      config_(options.workers),
      system_(config_),
      supervisor_(system_.spawn(reporter, std::move(report))) {}

HostedJob::~HostedJob() { end(); }

/// Ends all actors, each after the call that is under way.
void HostedJob::end() {
  if (!supervisor_) return;
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

void HostedJob::save() {
  end();
  std::shared_ptr<const florence::Snapshot> newest;
  for (const auto& [number, stage] : keepers_) {
    auto state = stage->committed();
    if (state && (!newest || state->step > newest->step)) newest = std::move(state);
  }
  if (!newest && !keepers_.empty()) {
    log::info("node", "saved nothing: no actor here had the whole state of the training");
  }
  if (!newest || newest->step == 0) return;
  try {
    const std::filesystem::path path = save_commit(output_, *newest, plan_yaml_);
    log::info("node", "saved step {} in {}", newest->step,
              std::filesystem::absolute(path).string());
  } catch (const std::exception& error) {  // of the file system too: the node goes on
    log::warn("node", "step {} was not saved: {}", newest->step, error.what());
  }
}

Plan HostedJob::checked(const std::string& plan_yaml) const {
  ConfigProblems problems;
  Plan plan =
      make_plan(RawConfig::from_text(plan_yaml, fmt::format("plan of {} on node {}", job_, node_)),
                registry_, problems);
  throw_if_any(problems);
  return plan;
}

void HostedJob::place(const PlaceRequest& request) {
  const Plan plan = checked(request.plan_yaml);
  plan_yaml_ = request.plan_yaml;
  output_ = plan.config.output;
  meet(request.nodes);
  first_step_ = request.first_step;
  begin(request.start);
  for (const PlacedShell& shell : request.known) node_of_[shell.number] = shell.node;
  for (const PlacedShell& shell : request.shells) {
    node_of_[shell.number] = shell.node;
    if (shell.node == node_) spawn(plan, shell);
  }
}

void HostedJob::learn(const std::string& key, const std::string& value) {
  if (groups_) groups_->learn(key, value);
}
void HostedJob::break_groups(const std::string& why) {
  if (groups_) groups_->abort(why);
}

void HostedJob::clear(const ClearRequest& request) {
  break_groups("the graph starts anew");
  std::vector<ShellActor> old;
  for (auto at = shells_.begin(); at != shells_.end() && at->first < request.below;) {
    if (forming_.erase(at->first) == 0) {
      old.push_back(std::move(at->second));
    } else {
      caf::anon_send_exit(at->second, caf::exit_reason::user_shutdown);
    }
    forget(at->first);
    at = shells_.erase(at);
  }
  end_actors(old);
}

void HostedJob::obey(int number, const ShellOrder& order) {
  const auto found = shells_.find(number);
  if (found == shells_.end()) return;
  const ShellActor& shell = found->second;
  const Lane& lane = order.lane;
  const auto tell = [&](auto message) { send_in_order(nullptr, shell, std::move(message)); };
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
      return forget(number);
  }
}

void HostedJob::forget(int number) {
  counts_.erase(number);
  forming_.erase(number);
  keepers_.erase(number);
}

NodeReport HostedJob::counts() const {
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

/// The groups of a start of the graph are formed anew.
void HostedJob::begin(int64_t start) {
  if (start == start_) return;
  start_ = start;
  groups_ = std::make_unique<ReplicaGroups>(
      start, router_->address(), key_, [this](const std::string& key, const std::string& value) {
        report_({.kind = NodeReport::key, .text = value, .name = key});
      });
}

void HostedJob::spawn(const Plan& plan, const PlacedShell& placed) {
  const auto actor = std::ranges::find(plan.actors, placed.actor, &PlannedActor::name);
  ARNO_CHECK(actor != plan.actors.end(), Errc::comm_failed,
             "[node] was to run {}, which is not in the plan", placed.actor);
  StageContext context = base_context(plan.config);
  context.actor = actor->name;
  context.replica = placed.replica;
  context.replicas = actor->replicas;
  context.metrics = &metrics_;
  context.observer = observer_.get();
  context.from = {.step = first_step_, .back = start_ > 0};
  context.groups = groups_->between_nodes();
  ShellParts parts{.id = placed.number,
                   .actor = *actor,
                   .context = context,
                   .stage = actor->options->make_stage(context),
                   .supervisor = supervisor_,
                   .metrics = ShellMetrics::create(metrics_, *actor, placed.replica)};
  counts_.emplace(placed.number, parts.metrics);
  if (actor->kind->keeps_state) keepers_[placed.number] = parts.stage;
  if (actor->forms_groups()) forming_.insert(placed.number);
  shells_[placed.number] = spawn_shell(system_, std::move(parts));
}

/// Connects to the other nodes. One that is not among them any more was lost, silent perhaps:
/// when another process of its name comes, nothing is to go to this one.
void HostedJob::meet(const std::vector<NodeAddress>& nodes) {
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
caf::strong_actor_ptr HostedJob::peer(int number) {
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

}  // namespace arno::graph::detail

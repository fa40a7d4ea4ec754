// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/cluster.h"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/default_attachable.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <mutex>
#include <random>

#include "common/log.h"
#include "common/version.h"
#include "common/wall_clock.h"
#include "graph/cluster/ask_nodes.h"
#include "graph/cluster/join_node.h"
#include "graph/cluster/lane_router.h"
#include "graph/cluster/members.h"
#include "graph/cluster/node_reports.h"
#include "graph/detail/control_system.h"

namespace arno::graph {
namespace {

// Making a stage may read an index or a vocabulary.
constexpr std::chrono::seconds kPatience{30};
// A call into a stage ends before the stage does, and a step may take long.
constexpr std::chrono::seconds kPatienceWithCalls{300};
constexpr const char* kSilent = "its process is gone or silent";

LauncherActor::behavior_type launcher(LauncherActor::pointer self,
                                      std::function<void(const std::string&, NodeReport)> take,
                                      std::function<void(const caf::actor_addr&)> on_down) {
  self->set_down_handler(
      [on_down = std::move(on_down)](const caf::down_msg& message) { on_down(message.source); });
  return {[take = std::move(take)](const std::string& node, const std::string& report) {
    detail::answer_of("a report of node " + node, [&] {
      take(node, from_wire<NodeReport>(report));
      return std::string();
    });
  }};
}

}  // namespace

struct Cluster::Impl {
  Impl(SupervisorActor the_supervisor, JobObserver* the_observer,
       std::function<void(const std::string&, const std::string&)> when_lost)
      : on_lost(std::move(when_lost)), reports(std::move(the_supervisor), the_observer) {}

  ~Impl() {
    if (!control) return;
    if (router) router->clear();
    // A launcher that goes without a word is lost.
    for (const auto& [name, actor] : members.present()) let_go(actor, job);
    caf::anon_send_exit(launcher_actor, caf::exit_reason::user_shutdown);
    launcher_actor = nullptr;
    members.clear();
  }

  /// Makes what only jobs on several nodes need.
  void open(const Plan& plan) {
    if (control) return;
    if (!std::ranges::any_of(plan.actors, &PlannedActor::leaves_launcher)) return;
    control.emplace(plan.config.control.key);
    // Numbers of processes repeat from one container to the next.
    job = fmt::format("{}.{:08x}", plan.config.job, std::random_device()());
    router = std::make_shared<LaneRouter>(
        *plan.registry,
        LaneRouterOptions{.node = kLocalNode,
                          .job = job,
                          .listen = plan.config.control.payload,
                          .key = plan.config.control.key,
                          .on_lost = [this](const std::string& node, const std::string& why) {
                            lose(node, "its payload link ended: " + why);
                          }});
    launcher_actor = control->system().spawn(
        launcher,
        std::function<void(const std::string&, NodeReport)>(
            [this](const std::string& node, NodeReport report) { take(node, std::move(report)); }),
        std::function<void(const caf::actor_addr&)>(
            [this](const caf::actor_addr& source) { lose(members.name_of(source), kSilent); }));
  }

  /// Throws what the node throws; cancelled when it does not answer.
  std::string ask(const std::string& node, const NodeActor& actor, const char* verb,
                  const std::string& body, std::chrono::seconds patience = kPatience) {
    return about_node(node, [&] {
      return detail::ask(control->system(), actor, patience, Errc::cancelled, std::string(verb),
                         body);
    });
  }

  /// A node that has not what the plan was made for is free again.
  Resources resources_of(const std::string& node, const JoinedNode& joined,
                         const Plan& plan) const {
    try {
      return said_by(node, joined.reply, plan).has;
    } catch (const Error&) {
      let_go(joined.actor, job);
      throw;
    }
  }

  void join(const Plan& plan, const std::string& node) {
    if (members.has(node)) return;
    const std::string& where = plan.config.nodes.at(node).address;
    const JoinedNode joined = join_node(*control, where, {version(), job, node}, launcher_actor);
    NodeStatus status{.name = node,
                      .address = where,
                      .monitoring = joined.reply.monitoring,
                      .has = resources_of(node, joined, plan),
                      .heard_at = wall_clock()};
    router->expect(node);
    members.add(node, joined.actor, joined.reply.payload, std::move(status));
    // Monitored by a function: the launcher's actor has no message for it.
    caf::actor_cast<caf::abstract_actor*>(joined.actor)
        ->attach(caf::default_attachable::make_monitor(joined.actor.address(),
                                                       launcher_actor.address()));
    log::info("cluster", "node {} joined, at {}", node, where);
  }

  void take(const std::string& node, NodeReport report) {
    // The job goes on without one that was lost, whatever it says.
    if (!members.has(node)) return;
    members.heard_of(node);
    if (reports.take(node, report)) return;
    if (report.kind == NodeReport::link_lost) {
      // Whoever is told of first goes; of a link to the launcher, the one that tells.
      const bool to_here = report.name == kLocalNode;
      return lose(to_here ? node : report.name,
                  fmt::format("the link between it and node {} ended: {}",
                              to_here ? report.name : node, report.text));
    }
    std::shared_ptr<ReplicaGroups> formed;
    {
      const std::scoped_lock lock(mutex);
      formed = groups;
    }
    if (formed) formed->learn(report.name, report.text);
    tell_key(report.name, report.text, node);
  }

  /// Hands a key of the groups' store to all nodes but the one that it is from.
  void tell_key(const std::string& key, const std::string& value, const std::string& from) {
    for (const auto& [name, actor] : members.present()) {
      if (name != from) caf::anon_send(actor, KeyAtom::value, key, value);
    }
  }

  /// Asks every node that is there. One that does not answer is lost.
  void ask_all(const char* verb, const std::string& body) {
    for (const auto& [name, actor] : members.present()) {
      try {
        ask(name, actor, verb, body);
      } catch (const Error& error) {
        // Whoever goes on without the node sees to the rest.
        if (error.code() == Errc::cancelled) lose(name, error.what());
        throw;
      }
    }
  }

  /// A node is lost to the job; it may live.
  void lose(const std::string& node, const std::string& why) {
    const std::optional<NodeActor> actor = members.lose(node, why);
    if (!actor) return;
    let_go(*actor, job);
    on_lost(node, why);
  }

  std::function<void(const std::string&, const std::string&)> on_lost;
  Members members;
  NodeReports reports;
  std::string job;                  ///< its id
  int64_t start = 0;                ///< of the graph, under way
  std::vector<PlacedShell> placed;  ///< so far, of all nodes; one change at a time
  std::mutex mutex;
  std::shared_ptr<ReplicaGroups> groups;  ///< of this start
  std::shared_ptr<LaneRouter> router;
  LauncherActor launcher_actor;
  std::optional<detail::ControlSystem> control;  ///< its actors use the rest: it goes first
};

Cluster::Cluster(SupervisorActor supervisor, JobObserver* observer,
                 std::function<void(const std::string&, const std::string&)> on_lost)
    : impl_(std::make_unique<Impl>(std::move(supervisor), observer, std::move(on_lost))) {}
Cluster::~Cluster() = default;

std::shared_ptr<ReplicaGroups> Cluster::begin(const Plan& plan, int64_t start,
                                              std::shared_ptr<ops::GroupMaker> local) {
  impl_->open(plan);
  impl_->start = start;
  auto groups = std::make_shared<ReplicaGroups>(
      start, impl_->router ? impl_->router->address() : std::string(), plan.config.control.key,
      [impl = impl_.get()](const std::string& key, const std::string& value) {
        impl->tell_key(key, value, kLocalNode);
      },
      std::move(local));
  const std::scoped_lock lock(impl_->mutex);
  impl_->groups = groups;
  return groups;
}

void Cluster::place(const Plan& plan, const std::vector<PlacedShell>& shells, int64_t first_step) {
  impl_->open(plan);
  if (!impl_->control) return;
  for (const PlacedShell& shell : shells) {
    if (shell.node != kLocalNode) impl_->join(plan, shell.node);
  }
  PlaceRequest request{.plan_yaml = plan.to_yaml(),
                       .shells = shells,
                       .known = impl_->placed,
                       .nodes = {{kLocalNode, impl_->router->address()}},
                       .start = impl_->start,
                       .first_step = first_step};
  std::ranges::move(impl_->members.addresses(), std::back_inserter(request.nodes));
  // Also when it fails on one node: others may have made theirs.
  impl_->placed.insert(impl_->placed.end(), shells.begin(), shells.end());
  impl_->ask_all(kPlace, to_wire(request));
}

void Cluster::check(const Plan& plan) {
  impl_->open(plan);
  if (!impl_->control) return;
  for (const PlannedActor& actor : plan.actors) {
    for (int64_t replica = 0; replica < actor.replicas; ++replica) {
      if (actor.node_of(replica) != kLocalNode) impl_->join(plan, actor.node_of(replica));
    }
  }
  impl_->ask_all(kCheckPlan, plan.to_yaml());
}

void Cluster::clear(int below, const std::string& why) {
  if (!impl_->control) return;
  // At once and for all: a replica may wait for one on another node.
  for (const auto& [name, actor] : impl_->members.present()) {
    caf::anon_send(actor, BreakAtom::value, why);
  }
  const std::string body = to_wire(ClearRequest{below});
  for (const auto& [name, actor] : impl_->members.present()) {
    try {
      impl_->ask(name, actor, kClear, body, kPatienceWithCalls);
    } catch (const Error& error) {
      impl_->lose(name, error.what());
    }
  }
}

std::set<std::string> Cluster::lost() const { return impl_->members.lost(); }

ShellActor Cluster::spawn(caf::actor_system& system, int number, const std::string& node) {
  return spawn_remote_shell(
      system, {.number = number,
               .node = node,
               .router = impl_->router,
               .give = [number, actor = impl_->members.actor_of(node)](const ShellOrder& order) {
                 caf::anon_send(actor, number, to_wire(order));
               }});
}

void Cluster::add_consumer(int lane, ShellActor shell) {
  impl_->router->add_consumer(lane, std::move(shell));
}
void Cluster::add_producer(int lane, ShellActor shell) {
  impl_->router->add_producer(lane, std::move(shell));
}
void Cluster::forget(const std::string& node) { impl_->router->forget(node); }

bool Cluster::has_finished(int shell) const { return impl_->reports.has_finished(shell); }
std::optional<ShellCounts> Cluster::counts(int shell) const { return impl_->reports.counts(shell); }
std::vector<NodeStatus> Cluster::nodes() const { return impl_->members.statuses(); }

}  // namespace arno::graph

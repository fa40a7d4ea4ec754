// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/cluster.h"

#include <unistd.h>

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/default_attachable.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <mutex>

#include "common/log.h"
#include "common/version.h"
#include "common/wall_clock.h"
#include "graph/cluster/ask_nodes.h"
#include "graph/cluster/lane_router.h"
#include "graph/cluster/log_tap.h"
#include "graph/detail/control_system.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {
namespace {

// Making a stage may read an index or a vocabulary.
constexpr std::chrono::seconds kPatience{30};
constexpr int kMeetings = 3;
// A call into a stage ends before the stage does, and a step may take long.
constexpr std::chrono::seconds kPatienceWithCalls{300};

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

/// A node that is part of the job.
struct Member {
  NodeActor actor;
  NodeAddress address;
  NodeStatus status;
  bool lost = false;

  /// False when it was lost already.
  bool lose(const std::string& why) {
    if (std::exchange(lost, true)) return false;
    status.lost_at = wall_clock();
    status.why_lost = why;
    return true;
  }
};

}  // namespace

struct Cluster::Impl {
  Impl(SupervisorActor the_supervisor, JobObserver* the_observer,
       std::function<void(const std::string&, const std::string&)> when_lost)
      : supervisor(std::move(the_supervisor)),
        observer(the_observer),
        on_lost(std::move(when_lost)) {}

  ~Impl() {
    if (!control) return;
    if (router) router->clear();
    // A launcher that goes without a word is lost.
    for (const auto& [name, member] : members) {
      caf::anon_send(member.actor, caf::strong_actor_ptr());
    }
    caf::anon_send_exit(launcher_actor, caf::exit_reason::user_shutdown);
    launcher_actor = nullptr;
    members.clear();
  }

  /// Makes what only jobs on several nodes need.
  void open(const Plan& plan) {
    if (control) return;
    if (!std::ranges::any_of(plan.actors, &PlannedActor::leaves_launcher)) return;
    control.emplace(plan.config.control.key);
    job = fmt::format("{}.{}", plan.config.job, getpid());
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
            [this](const caf::actor_addr& source) { lose(source); }));
  }

  bool has(const std::string& node) const {
    const std::scoped_lock lock(mutex);
    const auto found = members.find(node);
    return found != members.end() && !found->second.lost;
  }

  /// Throws what the node throws; cancelled when it does not answer.
  std::string ask(const std::string& node, const NodeActor& actor, const char* verb,
                  const std::string& body, std::chrono::seconds patience = kPatience) {
    return about_node(node, [&] {
      return detail::ask(control->system(), actor, patience, Errc::cancelled, std::string(verb),
                         body);
    });
  }

  /// Reaches a node and asks it to take part.
  std::pair<NodeActor, JoinReply> meet(const std::string& node, const std::string& where) {
    const std::string request = to_wire(JoinRequest{version(), job, node});
    for (int attempt = 1;; ++attempt) {
      const NodeActor actor = about_node(node, [&] { return control->reach<NodeActor>(where); });
      try {
        return {actor, from_wire<JoinReply>(ask(node, actor, kJoin, request))};
      } catch (const Error& error) {
        // A node that was lost and is back: its old connection may end only now.
        if (error.code() != Errc::cancelled || attempt == kMeetings) throw;
      }
    }
  }

  /// A node that has not what the plan was made for is free again.
  static Resources resources_of(const std::string& node, const NodeActor& actor,
                                const JoinReply& reply, const Plan& plan) {
    try {
      return said_by(node, reply, plan).has;
    } catch (const Error&) {
      caf::anon_send(actor, caf::strong_actor_ptr());
      throw;
    }
  }

  void join(const Plan& plan, const std::string& node) {
    if (has(node)) return;
    const std::string& where = plan.config.nodes.at(node).address;
    const auto [actor, reply] = meet(node, where);
    NodeStatus status{.name = node,
                      .address = where,
                      .monitoring = reply.monitoring,
                      .has = resources_of(node, actor, reply, plan),
                      .heard_at = wall_clock()};
    router->expect(node);
    {
      const std::scoped_lock lock(mutex);
      members[node] = {actor, {node, reply.payload}, std::move(status)};
    }
    caf::anon_send(actor, caf::actor_cast<caf::strong_actor_ptr>(launcher_actor));
    // Monitored by a function: the launcher's actor has no message for it.
    caf::actor_cast<caf::abstract_actor*>(actor)->attach(caf::default_attachable::make_monitor(
        caf::actor_cast<caf::actor_addr>(actor), caf::actor_cast<caf::actor_addr>(launcher_actor)));
    log::info("cluster", "node {} joined, at {}", node, where);
  }

  /// A report becomes what a shell here would have told.
  void take(const std::string& node, NodeReport report) {
    // The job goes on without one that was lost, whatever it says.
    if (!has(node)) return;
    const auto tell = [&](auto message) {
      detail::send_in_order(nullptr, supervisor, std::move(message));
    };
    switch (report.kind) {
      case NodeReport::input_added:
        return tell(InputAdded{report.lane, report.flag});
      case NodeReport::output_added:
        return tell(OutputAdded{report.lane});
      case NodeReport::output_dropped:
        return tell(OutputDropped{report.lane});
      case NodeReport::finished:
        note_finished(report.shell);
        return tell(StageFinished{report.shell});
      case NodeReport::failed:
        return tell(StageFailed{report.shell, detail::errc_of(report.code),
                                fmt::format("node {}: {}", node, report.text), report.flag});
      case NodeReport::event:
        if (observer)
          observer->on_event({report.name, "", fmt::format("{}: {}", node, report.text)});
        return;
      case NodeReport::counts: {
        const std::scoped_lock lock(mutex);
        members[node].status.heard_at = wall_clock();
        for (ShellCounts& counts : report.all) last[counts.shell] = std::move(counts);
        return;
      }
      case NodeReport::log:
        return write_lines_of(node, report.lines, report.code);
      case NodeReport::link_lost:
        // Whoever is told of first goes; of a link to the launcher, the one that tells.
        return lose(report.name == kLocalNode ? node : report.name,
                    fmt::format("the link between it and node {} ended: {}",
                                report.name == kLocalNode ? report.name : node, report.text));
      case NodeReport::key: {
        std::shared_ptr<ReplicaGroups> formed;
        {
          const std::scoped_lock lock(mutex);
          formed = groups;
        }
        if (formed) formed->learn(report.name, report.text);
        return tell_key(report.name, report.text, node);
      }
    }
  }

  void note_finished(int shell) {
    const std::scoped_lock lock(mutex);
    finished.insert(shell);
  }

  /// Hands a key of the groups' store to all nodes but the one that it is from.
  void tell_key(const std::string& key, const std::string& value, const std::string& from) {
    for (const auto& [name, actor] : present()) {
      if (name != from) caf::anon_send(actor, KeyAtom::value, key, value);
    }
  }

  /// The nodes that are there.
  std::vector<std::pair<std::string, NodeActor>> present() const {
    const std::scoped_lock lock(mutex);
    std::vector<std::pair<std::string, NodeActor>> out;
    for (const auto& [name, member] : members) {
      if (!member.lost) out.emplace_back(name, member.actor);
    }
    return out;
  }

  /// Asks every node that is there. One that does not answer is lost.
  void ask_all(const char* verb, const std::string& body) {
    for (const auto& [name, actor] : present()) {
      try {
        ask(name, actor, verb, body);
      } catch (const Error& error) {
        // Whoever goes on without the node sees to the rest.
        if (error.code() == Errc::cancelled) lose(actor.address());
        throw;
      }
    }
  }

  /// A node that may live is lost to the job.
  void lose(const std::string& node, const std::string& why) {
    NodeActor actor;
    {
      const std::scoped_lock lock(mutex);
      const auto found = members.find(node);
      if (found == members.end() || !found->second.lose(why)) return;
      actor = found->second.actor;
    }
    caf::anon_send(actor, caf::strong_actor_ptr());
    on_lost(node, why);
  }

  void lose(const caf::actor_addr& source) {
    constexpr const char* kWhy = "its process is gone or silent";
    std::string node;
    {
      const std::scoped_lock lock(mutex);
      for (auto& [name, member] : members) {
        if (member.actor.address() != source || !member.lose(kWhy)) continue;
        node = name;
      }
    }
    if (!node.empty()) on_lost(node, kWhy);
  }

  SupervisorActor supervisor;
  JobObserver* observer;
  std::function<void(const std::string&, const std::string&)> on_lost;
  std::string job;
  std::optional<detail::ControlSystem> control;
  std::shared_ptr<LaneRouter> router;
  LauncherActor launcher_actor;
  int64_t start = 0;                ///< of the graph, under way
  std::vector<PlacedShell> placed;  ///< so far, of all nodes; one change at a time
  mutable std::mutex mutex;
  std::shared_ptr<ReplicaGroups> groups;  ///< of this start
  std::map<std::string, Member> members;  ///< by name
  std::map<int, ShellCounts> last;        ///< by shell
  std::set<int> finished;                 ///< shells
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
  {
    const std::scoped_lock lock(impl_->mutex);
    for (const auto& [name, member] : impl_->members) {
      if (!member.lost) request.nodes.push_back(member.address);
    }
  }
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
  for (const auto& [name, actor] : impl_->present()) {
    caf::anon_send(actor, BreakAtom::value, why);
  }
  const std::string body = to_wire(ClearRequest{below});
  for (const auto& [name, actor] : impl_->present()) {
    try {
      impl_->ask(name, actor, kClear, body, kPatienceWithCalls);
    } catch (const Error&) {
      impl_->lose(actor.address());
    }
  }
}

std::set<std::string> Cluster::lost() const {
  const std::scoped_lock lock(impl_->mutex);
  std::set<std::string> out;
  for (const auto& [name, member] : impl_->members) {
    if (member.lost) out.insert(name);
  }
  return out;
}

ShellActor Cluster::spawn(caf::actor_system& system, int number, const std::string& node) {
  const std::scoped_lock lock(impl_->mutex);
  return spawn_remote_shell(
      system, {.number = number,
               .node = node,
               .router = impl_->router,
               .give = [number, actor = impl_->members.at(node).actor](const ShellOrder& order) {
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

bool Cluster::has_finished(int shell) const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->finished.contains(shell);
}

std::optional<ShellCounts> Cluster::counts(int shell) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->last.find(shell);
  return found == impl_->last.end() ? std::nullopt : std::optional(found->second);
}

std::vector<NodeStatus> Cluster::nodes() const {
  const std::scoped_lock lock(impl_->mutex);
  std::vector<NodeStatus> out;
  for (const auto& [name, member] : impl_->members) out.push_back(member.status);
  return out;
}

}  // namespace arno::graph

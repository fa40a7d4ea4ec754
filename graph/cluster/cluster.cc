// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/cluster.h"

#include <unistd.h>

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/default_attachable.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <mutex>

#include "common/log.h"
#include "common/version.h"
#include "graph/cluster/lane_router.h"
#include "graph/detail/control_system.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {
namespace {

// Making a stage may read an index or a vocabulary.
constexpr std::chrono::seconds kPatience{30};

/// Asks a node and waits for its answer. Throws what the node throws, and cancelled when it does
/// not answer.
std::string ask(caf::scoped_actor& self, const NodeActor& node, const std::string& name,
                const char* verb, const std::string& body) {
  int32_t code = detail::kDone;
  std::string text;
  self->request(node, kPatience, std::string(verb), body)
      .receive(
          [&](int32_t how, std::string& what) {
            code = how;
            text = std::move(what);
          },
          [&](const caf::error& error) {
            code = static_cast<int32_t>(Errc::cancelled);
            text = "did not answer: " + self->system().render(error);
          });
  try {
    return detail::text_of(code, std::move(text));
  } catch (const Error& error) {
    fail(error.code(), "node {}: {}", name, error.what());
  }
}

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

std::optional<io::JobKey> key_of(const std::string& folder) {
  return folder.empty() ? std::nullopt : std::optional(io::read_job_key(folder));
}

/// A node that is part of the job.
struct Member {
  NodeActor actor;
  NodeAddress address;
  std::string monitoring;
  bool lost = false;
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
    caf::anon_send_exit(launcher_actor, caf::exit_reason::user_shutdown);
    launcher_actor = nullptr;
    members.clear();
  }

  /// Makes what only jobs on several nodes need.
  void open(const Plan& plan) {
    if (control) return;
    control.emplace(plan.config.control.key);
    job = fmt::format("{}.{}", plan.config.job, getpid());
    router = std::make_shared<LaneRouter>(
        *plan.registry, io::PayloadLinkOptions{.node = kLocalNode,
                                               .job = job,
                                               .listen = plan.config.control.payload,
                                               .key = key_of(plan.config.control.key),
                                               .on_peer = [](const io::PeerEvent&) {}});
    launcher_actor = control->system().spawn(
        launcher,
        std::function<void(const std::string&, NodeReport)>(
            [this](const std::string& node, NodeReport report) { take(node, std::move(report)); }),
        std::function<void(const caf::actor_addr&)>(
            [this](const caf::actor_addr& source) { lose(source); }));
  }

  void join(const Plan& plan, const std::string& node) {
    if (const auto found = members.find(node); found != members.end() && !found->second.lost)
      return;
    const std::string& where = plan.config.nodes.at(node).address;
    const NodeActor actor = reach(node, where);
    caf::scoped_actor self(control->system());
    const auto reply = from_wire<JoinReply>(
        ask(self, actor, node, kJoin, to_wire(JoinRequest{version(), job, node})));
    caf::anon_send(actor, caf::actor_cast<caf::strong_actor_ptr>(launcher_actor));
    // Monitored by a function: the launcher's actor has no message for it.
    caf::actor_cast<caf::abstract_actor*>(actor)->attach(caf::default_attachable::make_monitor(
        caf::actor_cast<caf::actor_addr>(actor), caf::actor_cast<caf::actor_addr>(launcher_actor)));
    const std::scoped_lock lock(mutex);
    members[node] = {actor, {node, reply.payload}, reply.monitoring};
    log::info("cluster", "node {} joined, at {}", node, where);
  }

  NodeActor reach(const std::string& node, const std::string& address) {
    try {
      return control->reach<NodeActor>(address);
    } catch (const Error& error) {
      fail(error.code(), "node {}: {}", node, error.what());
    }
  }

  /// A report becomes what a shell here would have told.
  void take(const std::string& node, NodeReport report) {
    const auto tell = [&](auto message) {
      detail::send_in_order(nullptr, supervisor, std::move(message));
    };
    switch (report.kind) {
      case NodeReport::input_added:
        return tell(InputAdded{report.lane, report.flag});
      case NodeReport::output_dropped:
        return tell(OutputDropped{report.lane});
      case NodeReport::finished:
        return tell(StageFinished{report.shell});
      case NodeReport::failed:
        return tell(StageFailed{report.shell, static_cast<Errc>(report.code),
                                fmt::format("node {}: {}", node, report.text), report.flag});
      case NodeReport::event:
        if (observer)
          observer->on_event({report.name, "", fmt::format("{}: {}", node, report.text)});
        return;
      case NodeReport::counts: {
        const std::scoped_lock lock(mutex);
        for (ShellCounts& counts : report.all) last[counts.shell] = std::move(counts);
        return;
      }
    }
  }

  void lose(const caf::actor_addr& source) {
    std::string node;
    {
      const std::scoped_lock lock(mutex);
      for (auto& [name, member] : members) {
        if (member.actor.address() != source || std::exchange(member.lost, true)) continue;
        node = name;
      }
    }
    if (!node.empty()) on_lost(node, "its process is gone or silent");
  }

  SupervisorActor supervisor;
  JobObserver* observer;
  std::function<void(const std::string&, const std::string&)> on_lost;
  std::string job;
  std::optional<detail::ControlSystem> control;
  std::shared_ptr<LaneRouter> router;
  LauncherActor launcher_actor;
  mutable std::mutex mutex;
  std::map<std::string, Member> members;  ///< by name
  std::map<int, ShellCounts> last;        ///< by shell
};

Cluster::Cluster(SupervisorActor supervisor, JobObserver* observer,
                 std::function<void(const std::string&, const std::string&)> on_lost)
    : impl_(std::make_unique<Impl>(std::move(supervisor), observer, std::move(on_lost))) {}
Cluster::~Cluster() = default;

void Cluster::place(const Plan& plan, const std::vector<PlacedShell>& shells) {
  const auto is_remote = [](const PlacedShell& shell) { return shell.node != kLocalNode; };
  if (!impl_->control && std::ranges::none_of(shells, is_remote)) return;
  impl_->open(plan);
  for (const PlacedShell& shell : shells) {
    if (is_remote(shell)) impl_->join(plan, shell.node);
  }
  PlaceRequest request{.plan_yaml = plan.to_yaml(),
                       .shells = shells,
                       .nodes = {{kLocalNode, impl_->router->address()}}};
  std::vector<std::pair<std::string, NodeActor>> nodes;
  {
    const std::scoped_lock lock(impl_->mutex);
    for (const auto& [name, member] : impl_->members) {
      if (member.lost) continue;
      request.nodes.push_back(member.address);
      nodes.emplace_back(name, member.actor);
    }
  }
  caf::scoped_actor self(impl_->control->system());
  for (const auto& [name, actor] : nodes) {
    try {
      ask(self, actor, name, kPlace, to_wire(request));
    } catch (const Error& error) {
      // Whoever goes on without the node sees to the rest.
      if (error.code() == Errc::cancelled) impl_->lose(actor.address());
      throw;
    }
  }
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

std::optional<ShellCounts> Cluster::counts(int shell) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->last.find(shell);
  return found == impl_->last.end() ? std::nullopt : std::optional(found->second);
}

std::map<std::string, std::string> Cluster::monitoring() const {
  const std::scoped_lock lock(impl_->mutex);
  std::map<std::string, std::string> out;
  for (const auto& [name, member] : impl_->members) {
    if (!member.lost && !member.monitoring.empty()) out[name] = member.monitoring;
  }
  return out;
}

}  // namespace arno::graph

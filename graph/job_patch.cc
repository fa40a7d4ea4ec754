// SPDX-License-Identifier: Apache-2.0
#include "graph/job_patch.h"

#include <algorithm>
#include <set>

#include "graph/plan_difference.h"

namespace arno::graph {
namespace {

/// An actor in a patch: a new one, or what changes of one that runs.
struct ActorPatch {
  // What it does not say, of a running actor stays and of a new one is the default.
  ActorSpec spec{.on_error = "", .max_errors = -1};

  void fields(ConfigFields& f) {
    f.text("kind", spec.kind, {.doc = "of a new actor"});
    f.integer("replicas", spec.replicas, {.doc = "copies", .min = 1, .max = 1024});
    f.text("on_error", spec.on_error,
           {.doc = "of a new actor", .one_of = {"stop", "restart", "skip"}});
    f.integer("max_errors", spec.max_errors, {.doc = "of a new actor", .min = 0});
    f.texts("nodes", spec.nodes, {.doc = "of the replicas that are new, in turn"});
    f.counts("needs", spec.needs, {.doc = "of a new actor"});
    f.text("place", spec.place, {.doc = "of a new actor", .one_of = {"spread", "pack"}});
    f.integer("per_node", spec.per_node, {.doc = "of a new actor", .min = 0, .max = 1024});
    f.raw("options", spec.options, {.doc = "of a new actor, or what is added to a running one's"});
  }
};

struct JobPatch {
  std::map<std::string, NodeSpec> nodes;
  std::map<std::string, ActorPatch> actors;
  std::vector<EdgeSpec> edges;

  void fields(ConfigFields& f) {
    f.map("nodes", nodes, {.doc = "nodes that join the job"});
    f.map("actors", actors, {.doc = "new actors, and changes of running ones"});
    f.list("edges", edges, {.doc = "new edges, and other capacities of those that are there"});
  }
};

auto same_ends(const EdgeSpec& edge) {
  return [&](const EdgeSpec& other) { return other.from == edge.from && other.to == edge.to; };
}

/// Applies a patch to the configuration of a running job.
class Patcher {
 public:
  Patcher(const Plan& running, const RawConfig& file, const Registry& registry,
          ConfigProblems& problems, const ClusterResources& known)
      : running_(running),
        file_(file),
        registry_(registry),
        problems_(problems),
        known_(running.resources),
        config_(running.config) {
    for (const auto& [node, resources] : known) known_[node] = resources;
  }

  PlanStep run() {
    JobPatch patch;
    const size_t before = problems_.size();
    file_.read(patch, problems_);
    if (patch.actors.empty() && patch.edges.empty() && problems_.size() == before) {
      problems_.push_back(file_.problem("found neither actors nor edges, expected a change"));
    }
    PlanStep out;
    for (const auto& [name, node] : patch.nodes) add_node(name, node);
    for (const auto& [name, actor] : patch.actors) apply_actor(name, actor.spec, out);
    const size_t first_edge = config_.edges.size();
    for (const EdgeSpec& edge : patch.edges) apply_edge(edge);
    out.next = make_plan({config_, first_edge}, file_, registry_, problems_, known_);
    for (const auto& [name, nodes] : nodes_before_) {
      out.next.config.actors[name].nodes = joined(nodes, config_.actors[name].nodes);
    }
    return out;
  }

 private:
  /// One that is there already may be another process now.
  void add_node(const std::string& name, const NodeSpec& node) {
    const auto there = config_.nodes.find(name);
    if (there != config_.nodes.end() && there->second.address != node.address) known_.erase(name);
    config_.nodes[name] = node;
  }

  void apply_actor(const std::string& name, const ActorSpec& spec, PlanStep& out) {
    const std::string key = "actors." + name;
    const auto running = std::ranges::find(running_.actors, name, &PlannedActor::name);
    if (running == running_.actors.end()) {
      if (spec.kind.empty()) report(key, "found no kind, expected one: the actor is new");
      ActorSpec& fresh = config_.actors[name] = {.kind = spec.kind, .options = spec.options};
      if (spec.replicas > 0) fresh.replicas = spec.replicas;
      fresh.nodes = spec.nodes;
      fresh.needs = spec.needs;
      fresh.place = spec.place;
      fresh.per_node = spec.per_node;
      if (!spec.on_error.empty()) fresh.on_error = spec.on_error;
      if (spec.max_errors >= 0) fresh.max_errors = spec.max_errors;
      return;
    }
    if (!spec.on_error.empty() || spec.max_errors >= 0) {
      report(key, "on_error and max_errors of a running actor stay as they are");
    }
    if (!spec.needs.empty() || !spec.place.empty() || spec.per_node > 0) {
      report(key, "needs, place and per_node of a running actor stay as they are");
    }
    if (!spec.kind.empty() && spec.kind != running->kind->name) {
      report(key + ".kind", fmt::format("found {}, expected {}, the kind of the running actor",
                                        spec.kind, running->kind->name));
    }
    if (spec.replicas > 0) config_.actors[name].set_replicas(spec.replicas);
    place_new_replicas(*running, spec.nodes);
    if (spec.options.empty()) return;
    out.extended.emplace_back(name, running->options->extended(spec.options, problems_));
  }

  /// Those that run stay where they are.
  void place_new_replicas(const PlannedActor& running, const std::vector<std::string>& nodes) {
    if (nodes.empty()) return;
    ActorSpec& spec = config_.actors[running.name];
    if (spec.is_placed()) {
      nodes_before_[running.name] = std::exchange(spec.nodes, nodes);
      return;
    }
    std::vector<std::string> all;
    for (int64_t r = 0; r < spec.replicas; ++r) {
      const auto added = static_cast<size_t>(std::max<int64_t>(0, r - running.replicas));
      all.push_back(r < running.replicas ? running.node_of(r) : nodes[added % nodes.size()]);
    }
    spec.nodes = std::move(all);
  }

  /// Where all replicas may run; nowhere named: on any node.
  static std::vector<std::string> joined(std::vector<std::string> before,
                                         const std::vector<std::string>& more) {
    if (before.empty()) return before;
    for (const std::string& node : more) {
      if (std::ranges::find(before, node) == before.end()) before.push_back(node);
    }
    return before;
  }

  /// One that is there gets the patch's capacity.
  void apply_edge(const EdgeSpec& edge) {
    const auto known = std::ranges::find_if(config_.edges, same_ends(edge));
    if (known == config_.edges.end()) {
      config_.edges.push_back(edge);
    } else {
      *known = edge;
    }
  }

  void report(const std::string& key, std::string text) {
    problems_.push_back(file_.problem_at(key, std::move(text)));
  }

  const Plan& running_;
  const RawConfig& file_;
  const Registry& registry_;
  ConfigProblems& problems_;
  ClusterResources known_;
  JobConfig config_;
  /// Of running actors whose new replicas the planner places on nodes of the patch, by name.
  std::map<std::string, std::vector<std::string>> nodes_before_;
};

/// Actors whose replicas are joined one to one with those of this one, and it: they join and leave
/// together.
std::set<std::string> group_of(const Plan& plan, const std::string& actor) {
  std::set<std::string> group{actor};
  for (size_t before = 0; before != group.size();) {
    before = group.size();
    for (const PlannedEdge& edge : plan.edges) {
      const PlannedActor& from = plan.actors[edge.from];
      const PlannedActor& to = plan.actors[edge.to];
      if (!to.kind->inputs[edge.to_port].by_replica || from.replicas != to.replicas) continue;
      if (group.contains(from.name)) group.insert(to.name);
      if (group.contains(to.name)) group.insert(from.name);
    }
  }
  return group;
}

/// Says what a step changes; problems when it changes nothing, or two things at once.
void finish(const Plan& running, const RawConfig& file, PlanStep& step, ConfigProblems& problems) {
  if (!problems.empty()) return;
  step.changes = differences(running, step.next);
  if (!step.extended.empty() && !step.changes.empty()) {
    problems.push_back(file.problem(
        "changes the graph and the options of a running actor; expected one of them in a patch"));
  }
  for (const auto& extended : step.extended) {
    step.changes.push_back(fmt::format("~ {}: its options", extended.first));
  }
  if (moves_state(running, step.next)) {
    step.changes.emplace_back("~ the graph starts anew from the last step that is finished");
  }
  if (step.changes.empty()) {
    problems.push_back(file.problem("changes nothing: the job is like that already"));
  }
}

PlanStep replanned(const Plan& running, JobConfig config, const RawConfig& file,
                   const Registry& registry, ConfigProblems& problems) {
  PlanStep out;
  const size_t edges = config.edges.size();
  out.next = make_plan({std::move(config), edges}, file, registry, problems, running.resources);
  finish(running, file, out, problems);
  return out;
}

std::vector<std::string> names_of(const Plan& plan) {
  std::vector<std::string> out;
  for (const PlannedActor& actor : plan.actors) out.push_back(actor.name);
  return out;
}

/// The job under the options of an actor without a part of them.
PlanStep without_part(const Plan& running, const PlannedActor& actor, const std::string& part,
                      const RawConfig& file, ConfigProblems& problems) {
  PlanStep out{.next = running};
  out.extended.emplace_back(actor.name, actor.options->without(part, file, problems));
  finish(running, file, out, problems);
  return out;
}

}  // namespace

PlanStep read_patch(const Plan& running, const RawConfig& patch, const Registry& registry,
                    ConfigProblems& problems, const ClusterResources& known) {
  PlanStep out = Patcher(running, patch, registry, problems, known).run();
  finish(running, patch, out, problems);
  return out;
}

PlanStep without_actor(const Plan& running, const std::string& actor, const Registry& registry,
                       ConfigProblems& problems) {
  const RawConfig file = RawConfig::nothing("detach " + actor);
  const std::string name = actor.substr(0, actor.find_first_of("[."));
  const auto found = std::ranges::find(running.actors, name, &PlannedActor::name);
  if (found == running.actors.end()) {
    problems.push_back(file.problem(
        fmt::format("found the unknown actor \"{}\"{}, expected one of {}", name,
                    did_you_mean(name, names_of(running)), fmt::join(names_of(running), ", "))));
    return {};
  }
  if (actor.substr(name.size()).starts_with('.')) {
    return without_part(running, *found, actor.substr(name.size() + 1), file, problems);
  }
  JobConfig config = running.config;
  if (name == actor) {
    config.actors.erase(name);
    std::erase_if(config.edges, [&](const EdgeSpec& edge) {
      return edge.from.starts_with(name + ".") || edge.to.starts_with(name + ".");
    });
  } else if (found->replicas > 1 && actor == found->name_of(found->replicas - 1)) {
    for (const std::string& member : group_of(running, name)) {
      ActorSpec& spec = config.actors[member];
      spec.set_replicas(spec.replicas - 1);
    }
  } else {
    problems.push_back(file.problem(
        found->replicas > 1
            ? fmt::format("found {}, expected {}, the last replica: they leave in that order",
                          actor, found->name_of(found->replicas - 1))
            : fmt::format("found {}, expected {}, which has one replica", actor, name)));
    return {};
  }
  return replanned(running, std::move(config), file, registry, problems);
}

PlanStep with_credit(const Plan& running, const std::string& edge, int64_t items,
                     const Registry& registry, ConfigProblems& problems) {
  const RawConfig file = RawConfig::nothing("edge " + edge);
  JobConfig config = running.config;
  std::vector<std::string> names;
  bool found = false;
  for (EdgeSpec& spec : config.edges) {
    names.push_back(spec.from + "->" + spec.to);
    if (names.back() != edge) continue;
    spec.capacity = items;
    found = true;
  }
  if (!found) {
    problems.push_back(
        file.problem(fmt::format("found no such edge{}, expected one of {}",
                                 did_you_mean(edge, names), fmt::join(names, ", "))));
    return {};
  }
  return replanned(running, std::move(config), file, registry, problems);
}

}  // namespace arno::graph

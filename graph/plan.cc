// SPDX-License-Identifier: Apache-2.0
#include "graph/plan.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <tuple>

#include "graph/plan_placement.h"
#include "graph/taps.h"

namespace arno::graph {
namespace {

constexpr int64_t kMiB = 1 << 20;
// Bounds that keep the checks of a hostile file cheap.
constexpr size_t kMaxActors = 1000;
constexpr int64_t kMaxLanes = 1 << 16;

std::vector<std::string> port_names(const std::vector<Port>& ports) {
  std::vector<std::string> out;
  for (const Port& port : ports) out.push_back(port.name);
  return out;
}

std::string one_of(const std::vector<std::string>& names) {
  return names.empty() ? "none, as there is none"
                       : fmt::format("one of {}", fmt::join(names, ", "));
}

bool is_name(const std::string& text) {
  const auto letter = [](unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  return !text.empty() && letter(text[0]) && std::ranges::all_of(text, [&](unsigned char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// The numbers of so many replicas, of which the first have had theirs for long.
std::vector<int64_t> continued(std::vector<int64_t> numbers, int64_t replicas) {
  if (numbers.empty()) return numbers;
  const auto wanted = static_cast<size_t>(replicas);
  numbers.resize(std::min(numbers.size(), wanted));
  while (numbers.size() < wanted) numbers.push_back(numbers.back() + 1);
  return numbers;
}

/// Builds a plan and collects what is wrong.
class Planner {
 public:
  Planner(const RawConfig& file, const Registry& registry, ConfigProblems& problems,
          const ClusterResources& known)
      : file_(file), registry_(registry), problems_(problems), known_(known) {}

  Plan read_and_run() {
    JobConfig config;
    const size_t before = problems_.size();
    file_.read(config, problems_);
    readable_ = problems_.size() == before;
    return run({std::move(config)});
  }

  Plan run(ReadJob job) {
    const size_t first_edge = job.first_edge;
    plan_.registry = &registry_;
    plan_.config = std::move(job.config);
    if (plan_.config.actors.size() > kMaxActors) {
      report("actors", fmt::format("found {} actors, expected at most {}",
                                   plan_.config.actors.size(), kMaxActors));
      return std::move(plan_);
    }
    check_addresses();
    plan_.resources =
        resources_of(plan_.config.nodes, known_,
                     [&](const std::string& key, std::string text) { report(key, text); });
    for (auto& [name, spec] : plan_.config.actors) add_actor(name, spec);
    for (size_t i = 0; i < plan_.config.edges.size(); ++i) {
      add_edge(edge_key(i, first_edge), plan_.config.edges[i]);
    }
    place(first_edge);
    check_ports();
    check_reachable();
    sort_actors();
    if (edges_complete_ && unknown_.empty()) {
      check_taps(plan_, [&](size_t edge, std::string text) {
        report(edge_key(edge, first_edge) + ".tap", std::move(text));
      });
    }
    // Of a plan with holes a check would say what is not so.
    if (readable_ && options_readable_ && edges_complete_ && unknown_.empty()) {
      for (const PlanCheck& check : registry_.checks()) check(plan_, file_, problems_);
    }
    return std::move(plan_);
  }

 private:
  enum Side { kOutput, kInput };
  /// A port of a planned actor; no port: the actor is known, the port is not.
  struct End {
    int actor;
    std::optional<int> port;
  };

  /// Where an edge stands in the file; those of a running job stand nowhere.
  static std::string edge_key(size_t edge, size_t first_edge) {
    return edge < first_edge ? "edges" : fmt::format("edges[{}]", edge - first_edge);
  }

  void report(const std::string& key, std::string text) {
    problems_.push_back(file_.problem_at(key, std::move(text)));
  }

  void check_addresses() {
    for (const auto& [name, node] : plan_.config.nodes) {
      const std::string key = fmt::format("nodes.{}.address", name);
      if (name == kLocalNode && !node.address.empty()) {
        report(key, fmt::format("found {}, expected none: {} is where the job is launched",
                                node.address, kLocalNode));
      }
      if (name != kLocalNode && node.address.empty() && readable_) {
        report(key, "missing, expected host:port");
      }
    }
  }

  void add_actor(const std::string& name, ActorSpec& spec) {
    const std::string key = "actors." + name;
    if (!is_name(name)) {
      report(key, fmt::format("found the name \"{}\", expected a letter, then letters, digits, _ "
                              "and -",
                              name));
    }
    const ActorKind* kind = registry_.find(spec.kind);
    if (!kind) {
      if (!spec.kind.empty()) {
        report(key + ".kind",
               fmt::format("found the unknown kind \"{}\"{}, expected {}", spec.kind,
                           did_you_mean(spec.kind, registry_.names()), one_of(registry_.names())));
      }
      unknown_.insert(name);
      return;
    }
    spec.replicas = replicas_of(spec, *kind, plan_.config);
    check_policy(key, spec, *kind);
    check_nodes(key + ".nodes", spec.nodes, *kind);
    check_nodes(key + ".at", spec.at, *kind);
    check_needs(key, spec);
    const size_t before = problems_.size();
    plan_.actors.push_back({.name = name,
                            .kind = kind,
                            .replicas = spec.replicas,
                            .on_error = spec.on_error,
                            .max_errors = spec.max_errors,
                            .options = kind->read_options(spec.options, problems_),
                            .nodes = spec.nodes,
                            .numbers = continued(spec.numbers, spec.replicas)});
    options_readable_ &= problems_.size() == before;
    // Checks that need the whole job are made for a job and options that could be read.
    if (!readable_ || problems_.size() > before) return;
    StageContext context = base_context(plan_.config);
    context.actor = name;
    context.replicas = spec.replicas;
    plan_.actors.back().options->check(context, spec.options, problems_);
  }

  void check_policy(const std::string& key, const ActorSpec& spec, const ActorKind& kind) {
    if (spec.replicas > 1 && !kind.replicable) {
      report(key + ".replicas", fmt::format("found {}, expected 1: a {} cannot be replicated",
                                            spec.replicas, kind.name));
    }
    if (spec.on_error == "restart" && !kind.restartable) {
      report(key + ".on_error",
             fmt::format("found restart, expected stop: a {} keeps state that would be lost",
                         kind.name));
    }
    if (spec.on_error == "skip" && !kind.skippable) {
      report(key + ".on_error",
             fmt::format("found skip, expected stop{}: a {} cannot account for a skipped item",
                         kind.restartable ? " or restart" : "", kind.name));
    }
  }

  void check_nodes(const std::string& key, const std::vector<std::string>& nodes,
                   const ActorKind& kind) {
    std::vector<std::string> known{kLocalNode};
    for (const auto& entry : plan_.config.nodes) {
      if (entry.first != kLocalNode) known.push_back(entry.first);
    }
    for (size_t i = 0; i < nodes.size(); ++i) {
      const std::string& node = nodes[i];
      const std::string where = fmt::format("{}[{}]", key, i);
      if (node.empty() && key.ends_with(".at")) continue;
      if (std::ranges::find(known, node) == known.end()) {
        report(where, fmt::format("found the unknown node \"{}\"{}, expected {}", node,
                                  did_you_mean(node, known), one_of(known)));
      } else if (node != kLocalNode && !kind.placeable) {
        report(where, fmt::format("found {}, expected {}: a {} runs where the job is launched",
                                  node, kLocalNode, kind.name));
      }
    }
  }

  void check_needs(const std::string& key, const ActorSpec& spec) {
    for (const auto& [name, count] : spec.needs) {
      if (is_resource_name(name) && count <= kMostOfResource) continue;
      report(fmt::format("{}.needs.{}", key, name),
             fmt::format("found {}, expected a name of small letters, digits and _, and at most {}",
                         count, kMostOfResource));
    }
    if (std::ssize(spec.at) > spec.replicas) {
      report(key + ".at", fmt::format("found the nodes of {} replicas, expected at most {}",
                                      spec.at.size(), spec.replicas));
    }
  }

  std::optional<End> resolve(const std::string& key, const std::string& text, Side side) {
    const size_t dot = text.find('.');
    if (dot == std::string::npos) {
      // An empty text is one that is missing or no text, and has been reported as such.
      if (!text.empty()) report(key, fmt::format("found \"{}\", expected actor.port", text));
      return std::nullopt;
    }
    const std::string actor = text.substr(0, dot);
    if (unknown_.contains(actor)) return std::nullopt;
    const auto found = std::ranges::find(plan_.actors, actor, &PlannedActor::name);
    if (found == plan_.actors.end()) {
      std::vector<std::string> names;
      for (const PlannedActor& planned : plan_.actors) names.push_back(planned.name);
      names.insert(names.end(), unknown_.begin(), unknown_.end());
      report(key, fmt::format("found the unknown actor \"{}\"{}, expected {}", actor,
                              did_you_mean(actor, names), one_of(names)));
      return std::nullopt;
    }
    return End{static_cast<int>(found - plan_.actors.begin()),
               resolve_port(key, *found, text.substr(dot + 1), side)};
  }

  std::optional<int> resolve_port(const std::string& key, const PlannedActor& actor,
                                  const std::string& name, Side side) {
    const std::vector<Port>& ports = side == kOutput ? actor.kind->outputs : actor.kind->inputs;
    const std::vector<Port>& others = side == kOutput ? actor.kind->inputs : actor.kind->outputs;
    const auto port = std::ranges::find(ports, name, &Port::name);
    if (port != ports.end()) return static_cast<int>(port - ports.begin());
    const char* wanted = side == kOutput ? "output" : "input";
    const bool wrong_side = std::ranges::find(others, name, &Port::name) != others.end();
    report(key, fmt::format("\"{}\" is {} of {} \"{}\"{}, expected {}", name,
                            wrong_side ? fmt::format("no {}, but the other end,", wanted)
                                       : fmt::format("no {}", wanted),
                            actor.kind->name, actor.name, did_you_mean(name, port_names(ports)),
                            one_of(port_names(ports))));
    return std::nullopt;
  }

  void add_edge(const std::string& key, const EdgeSpec& spec) {
    const std::optional<End> from = resolve(key + ".from", spec.from, kOutput);
    const std::optional<End> to = resolve(key + ".to", spec.to, kInput);
    if (from) joined_.insert({kOutput, from->actor, from->port.value_or(-1)});
    if (to && !joined_.insert({kInput, to->actor, to->port.value_or(-1)}).second && to->port) {
      report(key + ".to", fmt::format("{} is fed by two edges, expected one", spec.to));
    }
    if (!from || !to || !from->port || !to->port) {
      edges_complete_ = false;
      return;
    }
    const PlannedEdge edge{.from = from->actor,
                           .from_port = *from->port,
                           .to = to->actor,
                           .to_port = *to->port,
                           .capacity_items = spec.capacity,
                           .capacity_bytes = spec.capacity_mb * kMiB,
                           .tap = spec.tap};
    check_edge(key, spec, edge);
    plan_.edges.push_back(edge);
  }

  void check_edge(const std::string& key, const EdgeSpec& spec, const PlannedEdge& edge) {
    const PlannedActor& from = plan_.actors[edge.from];
    const PlannedActor& to = plan_.actors[edge.to];
    const Port& sender = from.kind->outputs[edge.from_port];
    const Port& receiver = to.kind->inputs[edge.to_port];
    if (sender.type != receiver.type) {
      report(key, fmt::format("{} carries {}, {} expects {}", spec.from, sender.type_name, spec.to,
                              receiver.type_name));
    }
    const int64_t lanes = plan_.lanes(edge);
    if (receiver.by_replica && from.replicas != 1 && from.replicas != to.replicas) {
      report(key, fmt::format("found {} replicas of \"{}\" and {} of \"{}\", expected as many, or "
                              "one sender",
                              from.replicas, from.name, to.replicas, to.name));
    }
    if (lanes > kMaxLanes) {
      report(key, fmt::format("found {} x {} replicas, expected at most {} pairs", from.replicas,
                              to.replicas, kMaxLanes));
    } else if (spec.capacity < lanes) {
      report(key + ".capacity",
             fmt::format("found {}, expected at least {}: one for each pair of {} senders and {} "
                         "receivers",
                         spec.capacity, lanes, from.replicas, to.replicas));
    }
  }

  /// What an actor is bound to decides where it runs, so all edges have to be there.
  void place(size_t first_edge) {
    if (!readable_ || !edges_complete_ || !unknown_.empty()) return;
    place_replicas(plan_, [&](const std::string& key, std::string text) { report(key, text); });
    for (size_t e = 0; e < plan_.edges.size(); ++e) {
      check_crossing(edge_key(e, first_edge), plan_.edges[e]);
    }
  }

  /// What has no codec stays in its process.
  void check_crossing(const std::string& key, const PlannedEdge& edge) {
    const PlannedActor& from = plan_.actors[edge.from];
    const PlannedActor& to = plan_.actors[edge.to];
    const Port& sender = from.kind->outputs[edge.from_port];
    if (registry_.find_codec(sender.type)) return;
    for (int64_t i = 0; i < from.replicas; ++i) {
      for (int64_t j = 0; j < to.replicas; ++j) {
        if (!plan_.joins(edge, i, j) || from.node_of(i) == to.node_of(j)) continue;
        report(key, fmt::format("found replica {} of \"{}\" on {} and replica {} of \"{}\" on {}, "
                                "expected one node: a {} stays in its process",
                                i, from.name, from.node_of(i), j, to.name, to.node_of(j),
                                sender.type_name));
        return;
      }
    }
  }

  void check_ports() {
    for (int a = 0; a < static_cast<int>(plan_.actors.size()); ++a) {
      check_joined(a, plan_.actors[a].kind->inputs, kInput);
      check_joined(a, plan_.actors[a].kind->outputs, kOutput);
    }
  }

  void check_joined(int actor, const std::vector<Port>& ports, Side side) {
    // An edge with a misspelt port may be the one that is missing.
    if (joined_.contains({side, actor, -1})) return;
    for (int p = 0; p < static_cast<int>(ports.size()); ++p) {
      if (!ports[p].required || joined_.contains({side, actor, p})) continue;
      report("actors." + plan_.actors[actor].name,
             fmt::format("{} \"{}\" ({}) of this {} is joined to nothing, expected an edge",
                         side == kInput ? "input" : "output", ports[p].name, ports[p].type_name,
                         plan_.actors[actor].kind->name));
    }
  }

  bool is_source(int actor) const { return plan_.actors[actor].is_source(); }

  void check_reachable() {
    if (plan_.actors.empty() && readable_ && unknown_.empty()) {
      report("actors", "found no actor, expected at least one");
    }
    // What is not known may be a source, or lead to an actor.
    if (plan_.actors.empty() || !unknown_.empty() || !edges_complete_) return;
    std::vector<char> reached(plan_.actors.size());
    std::function<void(int)> visit = [&](int actor) {
      if (std::exchange(reached[actor], 1) != 0) return;
      for (const PlannedEdge& edge : plan_.edges) {
        if (edge.from == actor) visit(edge.to);
      }
    };
    for (int a = 0; a < static_cast<int>(plan_.actors.size()); ++a) {
      if (is_source(a)) visit(a);
    }
    if (std::ranges::find(reached, 1) == reached.end()) {
      report("actors", "found no source, expected an actor whose kind needs no input to begin");
      return;
    }
    for (size_t a = 0; a < reached.size(); ++a) {
      if (reached[a] == 0) {
        report("actors." + plan_.actors[a].name, "nothing reaches this actor from a source");
      }
    }
  }

  /// Topological order without back edges; a cycle that remains is reported.
  void sort_actors() {
    std::vector<int> state(plan_.actors.size());  // 0 new, 1 on the path, 2 done
    std::vector<int> path, order;
    std::function<void(int)> visit = [&](int actor) {
      state[actor] = 1;
      path.push_back(actor);
      for (const PlannedEdge& edge : plan_.edges) {
        if (edge.from != actor || plan_.is_back(edge)) continue;
        if (state[edge.to] == 1) report_cycle(path, edge.to);
        if (state[edge.to] == 0) visit(edge.to);
      }
      path.pop_back();
      state[actor] = 2;
      order.push_back(actor);
    };
    for (int a = 0; a < static_cast<int>(plan_.actors.size()); ++a) {
      if (state[a] == 0) visit(a);
    }
    std::ranges::reverse(order);
    apply_order(order);
  }

  void report_cycle(const std::vector<int>& path, int closing) {
    std::string names;
    for (auto at = std::ranges::find(path, closing); at != path.end(); ++at) {
      names += plan_.actors[*at].name + " -> ";
    }
    report("edges", fmt::format("found the cycle {}{}, which passes through no back edge", names,
                                plan_.actors[closing].name));
  }

  void apply_order(const std::vector<int>& order) {
    std::vector<PlannedActor> sorted;
    std::vector<int> place(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = static_cast<int>(i);
      sorted.push_back(std::move(plan_.actors[order[i]]));
    }
    plan_.actors = std::move(sorted);
    for (PlannedEdge& edge : plan_.edges) {
      edge.from = place[edge.from];
      edge.to = place[edge.to];
    }
  }

  const RawConfig& file_;
  const Registry& registry_;
  ConfigProblems& problems_;
  const ClusterResources& known_;
  Plan plan_;
  bool readable_ = true;                         ///< reading the file found no problem
  bool options_readable_ = true;                 ///< so did reading the options of the actors
  bool edges_complete_ = true;                   ///< every edge is in the plan
  std::set<std::string> unknown_;                ///< actors of unknown kinds
  std::set<std::tuple<Side, int, int>> joined_;  ///< side, actor, port (-1: a misspelt one)
};

}  // namespace

Plan make_plan(const RawConfig& file, const Registry& registry, ConfigProblems& problems,
               const ClusterResources& known) {
  return Planner(file, registry, problems, known).read_and_run();
}

Plan make_plan(ReadJob job, const RawConfig& file, const Registry& registry,
               ConfigProblems& problems, const ClusterResources& known) {
  return Planner(file, registry, problems, known).run(std::move(job));
}

bool moves_state(const Plan& before, const Plan& after) {
  const auto places = [](const Plan& plan) {
    std::map<std::string, std::vector<std::string>> out;
    for (const PlannedActor& actor : plan.actors) {
      if (!actor.kind->keeps_state) continue;
      for (int64_t r = 0; r < actor.replicas; ++r) out[actor.name].push_back(actor.node_of(r));
    }
    return out;
  };
  return places(before) != places(after);
}

StageContext base_context(const JobConfig& config) {
  return {.seed = static_cast<uint64_t>(config.seed),
          .output = config.output,
          .training = config.training};
}

const std::string& PlannedActor::node_of(int64_t replica) const {
  static const std::string kLocal = kLocalNode;
  return nodes.empty() ? kLocal : nodes[static_cast<size_t>(replica) % nodes.size()];
}

int64_t PlannedActor::number_of(int64_t replica) const {
  return numbers.empty() ? replica : numbers.at(static_cast<size_t>(replica));
}

std::string PlannedActor::name_of(int64_t replica) const {
  const int64_t number = number_of(replica);
  return replicas > 1 || number > 0 ? fmt::format("{}[{}]", name, number) : name;
}

bool PlannedActor::leaves_launcher() const {
  for (int64_t replica = 0; replica < replicas; ++replica) {
    if (node_of(replica) != kLocalNode) return true;
  }
  return false;
}

bool PlannedActor::is_source() const { return std::ranges::all_of(kind->inputs, &Port::back_edge); }

std::string Plan::sender(const PlannedEdge& edge) const {
  const PlannedActor& from = actors[edge.from];
  return fmt::format("{}.{}", from.name, from.kind->outputs[edge.from_port].name);
}

std::string Plan::receiver(const PlannedEdge& edge) const {
  const PlannedActor& to = actors[edge.to];
  return fmt::format("{}.{}", to.name, to.kind->inputs[edge.to_port].name);
}

std::string Plan::edge_name(const PlannedEdge& edge) const {
  return fmt::format("{}->{}", sender(edge), receiver(edge));
}

bool Plan::copies(const PlannedEdge& edge) const {
  return actors[edge.to].kind->inputs[edge.to_port].by_replica && actors[edge.from].replicas == 1;
}

bool Plan::joins(const PlannedEdge& edge, int64_t producer, int64_t consumer) const {
  const bool by_number =
      actors[edge.to].kind->inputs[edge.to_port].by_replica && actors[edge.from].replicas > 1;
  return !by_number || producer == consumer;
}

int64_t Plan::lanes(const PlannedEdge& edge) const {
  int64_t count = 0;
  for (int64_t producer = 0; producer < actors[edge.from].replicas; ++producer) {
    for (int64_t consumer = 0; consumer < actors[edge.to].replicas; ++consumer) {
      count += joins(edge, producer, consumer) ? 1 : 0;
    }
  }
  return count;
}

bool Plan::is_back(const PlannedEdge& edge) const {
  return actors[edge.to].kind->inputs[edge.to_port].back_edge;
}

bool Plan::reaches(int from, int to) const {
  std::vector<char> seen(actors.size());
  std::vector<int> next{from};
  while (!next.empty()) {
    const int actor = next.back();
    next.pop_back();
    for (const PlannedEdge& edge : edges) {
      if (edge.from != actor || is_back(edge)) continue;
      if (edge.to == to) return true;
      if (std::exchange(seen[edge.to], 1) == 0) next.push_back(edge.to);
    }
  }
  return false;
}

int64_t Plan::memory_bound() const {
  int64_t total = 0;
  for (const PlannedEdge& edge : edges) total += edge.capacity_bytes;
  return total;
}

}  // namespace arno::graph

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "common/host_port.h"
#include "graph/actor_checks.h"
#include "graph/edge_checks.h"
#include "graph/plan.h"
#include "graph/plan_order.h"
#include "graph/plan_placement.h"
#include "graph/plan_problems.h"
#include "graph/taps.h"

namespace arno::graph {
namespace {

constexpr int64_t kMiB = 1 << 20;
// Keeps the checks of a hostile file cheap.
constexpr size_t kMaxActors = 1000;

std::vector<std::string> port_names(const std::vector<Port>& ports) {
  std::vector<std::string> out;
  for (const Port& port : ports) out.push_back(port.name);
  return out;
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
      : file_(file),
        registry_(registry),
        problems_(problems),
        known_(known),
        report_(
            [this](const std::string& key, std::string text) { report(key, std::move(text)); }) {}

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
    check_nodes();
    plan_.resources = resources_of(plan_.config.nodes, known_, report_);
    for (auto& [name, spec] : plan_.config.actors) add_actor(name, spec);
    for (size_t i = 0; i < plan_.config.edges.size(); ++i) {
      add_edge(edge_key(i, first_edge), plan_.config.edges[i]);
    }
    place(first_edge);
    check_ports();
    if (plan_.actors.empty() && readable_ && unknown_.empty()) {
      report("actors", "found no actor, expected at least one");
    }
    // What is not known may be a source, or lead to an actor.
    if (edges_complete_ && unknown_.empty()) check_reachable(plan_, report_);
    sort_actors(plan_, report_);
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

  void check_name(const std::string& key, const std::string& name) {
    if (!is_name(name)) {
      report(key, fmt::format("found the name \"{}\", expected {}", name, kNameRule));
    }
  }

  void check_nodes() {
    if (!parse_tcp_address(plan_.config.control.payload)) {
      report("control.payload",
             fmt::format("found \"{}\", expected tcp://host:port", plan_.config.control.payload));
    }
    for (const auto& [name, node] : plan_.config.nodes) {
      const std::string key = fmt::format("nodes.{}.address", name);
      check_name("nodes." + name, name);
      if (name == kLocalNode) {
        if (node.address.empty()) continue;
        report(key, fmt::format("found {}, expected none: {} is where the job is launched",
                                node.address, kLocalNode));
      } else if (node.address.empty()) {
        if (readable_) report(key, "missing, expected host:port");
      } else if (!parse_host_port(node.address)) {
        report(key, fmt::format("found \"{}\", expected host:port", node.address));
      }
    }
  }

  void add_actor(const std::string& name, ActorSpec& spec) {
    const std::string key = "actors." + name;
    check_name(key, name);
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
    check_actor(key, spec, *kind, plan_.config, report_);
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
    check_edge(plan_, edge, spec, key, report_);
    plan_.edges.push_back(edge);
  }

  /// What an actor is bound to decides where it runs, so all edges have to be there.
  void place(size_t first_edge) {
    if (!readable_ || !edges_complete_ || !unknown_.empty()) return;
    place_replicas(plan_, report_);
    for (size_t e = 0; e < plan_.edges.size(); ++e) {
      check_crossing(plan_, plan_.edges[e], edge_key(e, first_edge), report_);
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

  const RawConfig& file_;
  const Registry& registry_;
  ConfigProblems& problems_;
  const ClusterResources& known_;
  ReportProblem report_;
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

}  // namespace arno::graph

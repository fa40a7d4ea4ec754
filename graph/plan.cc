// SPDX-License-Identifier: Apache-2.0
#include "graph/plan.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

namespace arno::graph {
namespace {

constexpr int64_t kMiB = 1 << 20;

std::vector<std::string> port_names(const std::vector<Port>& ports) {
  std::vector<std::string> out;
  for (const Port& port : ports) out.push_back(port.name);
  return out;
}

bool is_name(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
}

/// Builds a plan and collects what is wrong.
class Planner {
 public:
  Planner(const RawConfig& file, const Registry& registry, ConfigProblems& problems)
      : file_(file), registry_(registry), problems_(problems) {}

  Plan run() {
    file_.read(plan_.config, problems_);
    add_actors();
    add_edges();
    check_ports();
    check_reachable();
    sort_actors();
    return std::move(plan_);
  }

 private:
  void report(const std::string& key, std::string text) {
    problems_.push_back(file_.problem_at(key, std::move(text)));
  }

  void add_actors() {
    for (const auto& [name, spec] : plan_.config.actors) {
      const std::string key = "actors." + name;
      if (!is_name(name)) {
        report(key, fmt::format("found the name \"{}\", expected letters, digits, _ and -", name));
      }
      const ActorKind* kind = registry_.find(spec.kind);
      if (!kind) {
        if (!spec.kind.empty()) {
          report(key + ".kind", fmt::format("found the unknown kind \"{}\"{}, expected one of {}",
                                            spec.kind, did_you_mean(spec.kind, registry_.names()),
                                            fmt::join(registry_.names(), ", ")));
        }
        unknown_.insert(name);
        continue;
      }
      check_policy(key, spec, *kind);
      plan_.actors.push_back({.name = name,
                              .kind = kind,
                              .replicas = spec.replicas,
                              .on_error = spec.on_error,
                              .max_errors = spec.max_errors,
                              .options = kind->read_options(spec.options, problems_)});
      StageContext context = base_context(plan_.config);
      context.actor = name;
      plan_.actors.back().options->check(context, spec.options, problems_);
    }
  }

  void check_policy(const std::string& key, const ActorSpec& spec, const ActorKind& kind) {
    if (spec.replicas > 1 && !kind.replicable) {
      report(key + ".replicas", fmt::format("found {}, expected 1: a {} cannot be replicated",
                                            spec.replicas, kind.name));
    }
    if (spec.on_error != "stop" && !kind.restartable) {
      report(key + ".on_error",
             fmt::format("found {}, expected stop: a {} keeps state that would be lost",
                         spec.on_error, kind.name));
    }
  }

  /// Index of the actor and of its port, or nothing, and then the reason is reported.
  std::optional<std::pair<int, int>> resolve(const std::string& key, const std::string& text,
                                             bool output) {
    const size_t dot = text.find('.');
    const std::string actor = text.substr(0, dot);
    if (dot == std::string::npos || unknown_.contains(actor)) {
      if (dot == std::string::npos) {
        report(key, fmt::format("found \"{}\", expected actor.port", text));
      }
      return std::nullopt;
    }
    const auto found = std::ranges::find(plan_.actors, actor, &PlannedActor::name);
    if (found == plan_.actors.end()) {
      std::vector<std::string> names;
      for (const PlannedActor& planned : plan_.actors) names.push_back(planned.name);
      report(key, fmt::format("found the unknown actor \"{}\"{}, expected one of {}", actor,
                              did_you_mean(actor, names), fmt::join(names, ", ")));
      return std::nullopt;
    }
    const std::vector<Port>& ports = output ? found->kind->outputs : found->kind->inputs;
    const std::string name = text.substr(dot + 1);
    const auto port = std::ranges::find(ports, name, &Port::name);
    if (port == ports.end()) {
      report(key,
             fmt::format(
                 "{} \"{}\" has no {} \"{}\"{}, expected one of {}", found->kind->name, actor,
                 output ? "output" : "input", name, did_you_mean(name, port_names(ports)),
                 ports.empty() ? "none" : fmt::format("{}", fmt::join(port_names(ports), ", "))));
      return std::nullopt;
    }
    return std::pair(static_cast<int>(found - plan_.actors.begin()),
                     static_cast<int>(port - ports.begin()));
  }

  void add_edges() {
    std::set<std::pair<int, int>> fed;
    for (size_t i = 0; i < plan_.config.edges.size(); ++i) {
      const EdgeSpec& spec = plan_.config.edges[i];
      const std::string key = fmt::format("edges[{}]", i);
      const auto from = resolve(key + ".from", spec.from, true);
      const auto to = resolve(key + ".to", spec.to, false);
      if (!from || !to) continue;
      const Port& sender = plan_.actors[from->first].kind->outputs[from->second];
      const Port& receiver = plan_.actors[to->first].kind->inputs[to->second];
      if (sender.type != receiver.type) {
        report(key, fmt::format("{} carries {}, {} expects {}", spec.from, sender.type_name,
                                spec.to, receiver.type_name));
      }
      if (!fed.insert(*to).second) {
        report(key + ".to", fmt::format("{} is fed by two edges, expected one", spec.to));
      }
      plan_.edges.push_back({.from = from->first,
                             .from_port = from->second,
                             .to = to->first,
                             .to_port = to->second,
                             .capacity_items = spec.capacity,
                             .capacity_bytes = spec.capacity_mb * kMiB});
    }
  }

  void check_ports() {
    for (int a = 0; a < static_cast<int>(plan_.actors.size()); ++a) {
      const PlannedActor& actor = plan_.actors[a];
      const auto check = [&](const std::vector<Port>& ports, const char* direction, auto joined) {
        for (int p = 0; p < static_cast<int>(ports.size()); ++p) {
          if (!ports[p].required || std::ranges::any_of(plan_.edges, [&](const PlannedEdge& edge) {
                return joined(edge) == std::pair(a, p);
              })) {
            continue;
          }
          report("actors." + actor.name,
                 fmt::format("{} \"{}\" ({}) of this {} is joined to nothing, expected an edge",
                             direction, ports[p].name, ports[p].type_name, actor.kind->name));
        }
      };
      check(actor.kind->inputs, "input",
            [](const PlannedEdge& e) { return std::pair(e.to, e.to_port); });
      check(actor.kind->outputs, "output",
            [](const PlannedEdge& e) { return std::pair(e.from, e.from_port); });
    }
  }

  bool is_back(const PlannedEdge& edge) const {
    return plan_.actors[edge.to].kind->inputs[edge.to_port].back_edge;
  }

  bool is_source(int actor) const {
    return std::ranges::all_of(plan_.actors[actor].kind->inputs, &Port::back_edge);
  }

  void check_reachable() {
    if (plan_.actors.empty()) {
      if (unknown_.empty()) report("actors", "found no actor, expected at least one");
      return;
    }
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
    for (size_t a = 0; a < reached.size(); ++a) {
      if (reached[a] != 0 || !unknown_.empty()) continue;
      report("actors." + plan_.actors[a].name, "nothing reaches this actor from a source");
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
        if (edge.from != actor || is_back(edge)) continue;
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
  Plan plan_;
  std::set<std::string> unknown_;
};

}  // namespace

Plan make_plan(const RawConfig& file, const Registry& registry, ConfigProblems& problems) {
  return Planner(file, registry, problems).run();
}

StageContext base_context(const JobConfig& config) {
  return {.seed = static_cast<uint64_t>(config.seed),
          .output = config.output,
          .training = config.training};
}

int64_t Plan::memory_bound() const {
  int64_t total = 0;
  for (const PlannedEdge& edge : edges) total += edge.capacity_bytes;
  return total;
}

}  // namespace arno::graph

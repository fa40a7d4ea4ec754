// SPDX-License-Identifier: Apache-2.0
#include "graph/plan.h"

#include <algorithm>

namespace arno::graph {

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

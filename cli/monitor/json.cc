// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/monitor/data_url.h"
#include "io/image/resize.h"

namespace arno::cli {
namespace {

using nlohmann::json;

void add_shares(json& out, double items_per_second, const Shares& shares) {
  out["items_per_second"] = items_per_second;
  out["busy_share"] = shares.busy;
  out["starved_share"] = shares.starved;
  out["blocked_share"] = shares.blocked;
  out["paused_share"] = shares.paused;
}

json replica_json(const ReplicaActivity& replica) {
  json out{{"replica", replica.status.replica},
           {"node", replica.status.node},
           {"items", replica.status.items},
           {"sent_items", replica.status.sent_items},
           {"skipped_items", replica.status.skipped_items},
           {"errors", replica.status.errors},
           {"queued_items", replica.status.queued_items}};
  add_shares(out, replica.items_per_second, replica.shares);
  return out;
}

/// Where the replicas of an actor run, each node once.
std::vector<std::string> nodes_of(const graph::PlannedActor& actor, const std::string& here) {
  std::vector<std::string> out;
  for (int64_t replica = 0; replica < actor.replicas; ++replica) {
    const std::string& at = actor.node_of(replica);
    const std::string name = at == graph::kLocalNode ? here : at;
    if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  }
  return out;
}

}  // namespace

json nodes_json(const std::vector<graph::NodeStatus>& nodes) {
  json out = json::array();
  for (const graph::NodeStatus& node : nodes) {
    out.push_back({{"name", node.name},
                   {"address", node.address},
                   {"metrics", node.monitoring},
                   {"has", node.has},
                   {"taken", node.taken},
                   {"heard_at", node.heard_at},
                   {"lost_at", node.lost_at > 0 ? json(node.lost_at) : json(nullptr)},
                   {"why_lost", node.why_lost}});
  }
  return out;
}

json actors_json(const graph::Plan& plan, const JobActivity& activity, const std::string& node) {
  json out = json::array();
  for (const graph::PlannedActor& actor : plan.actors) {
    json one{{"name", actor.name},
             {"kind", actor.kind->name},
             {"node", fmt::format("{}", fmt::join(nodes_of(actor, node), ", "))},
             {"doc", actor.kind->doc},
             {"replicas", json::array()}};
    const ReplicaActivity sum = sum_of_replicas(activity, actor.name);
    add_shares(one, sum.items_per_second, sum.shares);
    for (const ReplicaActivity& replica : activity.replicas) {
      if (replica.status.actor == actor.name) one["replicas"].push_back(replica_json(replica));
    }
    out.push_back(std::move(one));
  }
  return out;
}

json edges_json(const graph::Plan& plan, const JobActivity& activity) {
  json out = json::array();
  for (size_t e = 0; e < activity.edges.size(); ++e) {
    const graph::PlannedEdge& edge = plan.edges[e];
    const graph::PlannedActor& from = plan.actors[edge.from];
    const graph::PlannedActor& to = plan.actors[edge.to];
    out.push_back({{"name", activity.edges[e].status.name},
                   {"from", from.name},
                   {"from_port", from.kind->outputs[edge.from_port].name},
                   {"to", to.name},
                   {"to_port", to.kind->inputs[edge.to_port].name},
                   {"back_edge", plan.is_back(edge)},
                   {"capacity_items", edge.capacity_items},
                   {"in_flight_items", activity.edges[e].status.in_flight_items},
                   {"tap", edge.tap},
                   {"dropped_items", activity.edges[e].status.dropped_items},
                   {"items", activity.edges[e].status.items},
                   {"items_per_second", activity.edges[e].items_per_second}});
  }
  return out;
}

json sample_json(const graph::SampleReport& sample) {
  return {{"slot", sample.slot},
          {"text", sample.text},
          {"template", sample.prompt_template},
          {"width", sample.image.dim(1)},
          {"height", sample.image.dim(0)},
          {"image", png_data_url(io::denormalize(sample.image.data<float>(),
                                                 static_cast<int>(sample.image.dim(0)),
                                                 static_cast<int>(sample.image.dim(1))))}};
}

namespace {

json task_json(const graph::TaskReport& task) {
  json out{{"name", task.name}, {"protocol", task.protocol}, {"figures", task.figures}};
  if (!task.classes.empty()) {
    // One without images is neither good nor bad: last.
    const auto worth = [](const graph::ClassFigure& figure) {
      return std::isnan(figure.accuracy) ? -1 : figure.accuracy;
    };
    std::vector<graph::ClassFigure> classes = task.classes;
    std::ranges::stable_sort(classes, std::ranges::greater(), worth);
    for (const graph::ClassFigure& figure : classes) {
      out["classes"].push_back({{"name", figure.name}, {"accuracy", figure.accuracy}});
    }
  }
  for (const graph::RetrievalExample& example : task.examples) {
    json images = json::array();
    for (const graph::RetrievedImage& image : example.images) {
      images.push_back({{"image", png_data_url(image.image)}, {"right", image.right}});
    }
    out["examples"].push_back(
        {{"query", example.query}, {"rank", example.rank}, {"images", std::move(images)}});
  }
  return out;
}

}  // namespace

json evaluation_json(const graph::EvaluationReport& report) {
  json tasks = json::array();
  for (const graph::TaskReport& task : report.tasks) tasks.push_back(task_json(task));
  return {{"step", report.step}, {"tasks", std::move(tasks)}};
}

void merge_evaluation(json& known, const json& fresh, double at) {
  if (known.is_null()) known = {{"tasks", json::array()}};
  known["step"] = fresh["step"];
  known["at"] = at;
  json& tasks = known["tasks"];
  for (json task : fresh["tasks"]) {
    task["step"] = fresh["step"];
    const auto same =
        std::ranges::find_if(tasks, [&](const json& old) { return old["name"] == task["name"]; });
    if (same == tasks.end()) {
      tasks.push_back(std::move(task));
    } else {
      *same = std::move(task);
    }
  }
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace arno::cli

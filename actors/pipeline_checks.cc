// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline_checks.h"

#include <algorithm>
#include <sstream>

#include "actors/micro_batcher/micro_batcher.h"
#include "actors/model_shard/model_shard.h"
#include "actors/pipeline_shard/pipeline_shard.h"

namespace arno::actors {
namespace {

using florence::Tower;

/// A shard as the one before it sees it.
struct Next {
  int actor;
  int input;             ///< that takes activations
  int output;            ///< that gives gradients back
  int64_t first;         ///< block
  std::string_view key;  ///< option that says so
};

/// The lines of a configuration.
std::vector<std::string> lines_of(const std::string& yaml) {
  std::vector<std::string> out;
  std::istringstream text(yaml);
  for (std::string line; std::getline(text, line);) out.push_back(line);
  return out;
}

/// Goes along one tower of one model shard, from its end to its beginning.
class TowerCheck {
 public:
  TowerCheck(const graph::Plan& plan, const RawConfig& file, ConfigProblems& problems, int model,
             Tower tower)
      : plan_(plan),
        file_(file),
        problems_(problems),
        model_(model),
        options_(*plan.actors[model].options->as<ModelShardOptions>()),
        tower_(tower) {}

  void run() {
    const bool image = tower_ == Tower::image;
    std::optional<Next> next =
        Next{.actor = model_,
             .input = image ? ModelShard::kImageActivations : ModelShard::kTextActivations,
             .output = image ? ModelShard::kImageGradients : ModelShard::kTextGradients,
             .first = options_.first_block(tower_),
             .key = image ? "image_from" : "text_from"};
    if (next->first == 0) {
      if (edge_to(next->actor, next->input)) {
        report(*next, fmt::format("found 0, expected the block after those that come before {}",
                                  input_name(*next)));
      }
      return;
    }
    while (next) next = step_back(*next);
  }

 private:
  const graph::PlannedActor& actor(int index) const { return plan_.actors[index]; }
  std::string input_name(const Next& next) const {
    return fmt::format("{}.{}", actor(next.actor).name,
                       actor(next.actor).kind->inputs[next.input].name);
  }
  std::string option(int index, std::string_view key) const {
    return fmt::format("actors.{}.options.{}", actor(index).name, key);
  }
  void report(const Next& next, std::string text) {
    problems_.push_back(file_.problem_at(option(next.actor, next.key), std::move(text)));
  }

  const graph::PlannedEdge* edge_to(int to, int port) const {
    const auto found = std::ranges::find_if(plan_.edges, [&](const graph::PlannedEdge& edge) {
      return edge.to == to && edge.to_port == port;
    });
    return found == plan_.edges.end() ? nullptr : &*found;
  }

  /// Checks what feeds a shard whose first block is not the tower's.
  std::optional<Next> step_back(const Next& next) {
    const graph::PlannedEdge* edge = edge_to(next.actor, next.input);
    const auto* before = edge ? actor(edge->from).options->as<PipelineShardOptions>() : nullptr;
    if (!before) {
      report(next, fmt::format("found {}, expected 0, or a pipeline_shard with the blocks before "
                               "that feeds {}",
                               next.first, input_name(next)));
      return std::nullopt;
    }
    check_shard(edge->from, *before, next);
    const Next found{.actor = edge->from,
                     .input = PipelineShard::kActivations,
                     .output = PipelineShard::kBackward,
                     .first = before->from,
                     .key = "from"};
    if (found.first > 0) return found;
    check_first(found);
    return std::nullopt;
  }

  void check_shard(int shard, const PipelineShardOptions& options, const Next& next) {
    if (options.which() != tower_) {
      problems_.push_back(file_.problem_at(
          option(shard, "tower"), fmt::format("found {}, expected the other one, as it feeds {}",
                                              options.tower, input_name(next))));
    }
    if (options.to != next.first) {
      problems_.push_back(file_.problem_at(
          option(shard, "to"), fmt::format("found {}, expected {}, which is {}", options.to,
                                           next.first, option(next.actor, next.key))));
    }
    const graph::PlannedEdge* back = edge_to(shard, PipelineShard::kGradients);
    if (!back || back->from != next.actor || back->from_port != next.output) {
      problems_.push_back(file_.problem_at(
          "actors." + actor(shard).name,
          fmt::format("found no edge from {}.{} to {}.gradients, expected one, as {} feeds {}",
                      actor(next.actor).name, actor(next.actor).kind->outputs[next.output].name,
                      actor(shard).name, actor(shard).name, input_name(next))));
    }
    check_trainer(shard, options.trainer);
    check_replicas(shard);
  }

  /// What trains a slice is what trains the rest.
  void check_trainer(int shard, const florence::TrainerConfig& trainer) {
    const std::vector<std::string> found = lines_of(to_yaml(trainer));
    const std::vector<std::string> expected = lines_of(to_yaml(options_.trainer));
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i] == expected[i]) continue;
      const size_t colon = found[i].find(':');
      const std::string key = found[i].substr(0, colon);
      problems_.push_back(file_.problem_at(
          option(shard, key),
          fmt::format("found{}, expected{}, which is {}", found[i].substr(colon + 1),
                      expected[i].substr(colon + 1), option(model_, key))));
      return;
    }
  }

  void check_replicas(int other) {
    if (actor(other).replicas == actor(model_).replicas) return;
    problems_.push_back(file_.problem_at(
        fmt::format("actors.{}.replicas", actor(other).name),
        fmt::format("found {}, expected {}, as many as of \"{}\"", actor(other).replicas,
                    actor(model_).replicas, actor(model_).name)));
  }

  /// What feeds the tower's first shard.
  void check_first(const Next& first) {
    const graph::PlannedEdge* edge = edge_to(first.actor, first.input);
    const auto* source = edge ? actor(edge->from).options->as<MicroBatcherOptions>() : nullptr;
    const int port = tower_ == Tower::image ? MicroBatcher::kImages : MicroBatcher::kTexts;
    if (!source || edge->from_port != port) {
      report(first, fmt::format("found 0, expected an edge from a micro_batcher's {} to {}",
                                tower_ == Tower::image ? "images" : "texts", input_name(first)));
      return;
    }
    check_replicas(edge->from);
    if (source->micro_batch != options_.trainer.micro_batch) {
      problems_.push_back(file_.problem_at(
          option(edge->from, "micro_batch"),
          fmt::format("found {}, expected {}, which is {}", source->micro_batch,
                      options_.trainer.micro_batch, option(model_, "micro_batch"))));
    }
    const graph::PlannedEdge* cut = edge_to(edge->from, MicroBatcher::kBatches);
    const graph::PlannedEdge* whole = edge_to(model_, ModelShard::kBatches);
    if (cut && whole && (cut->from != whole->from || cut->from_port != whole->from_port)) {
      problems_.push_back(file_.problem_at(
          "actors." + actor(edge->from).name,
          fmt::format("found batches of {}, expected those of {}, which feeds \"{}\"",
                      plan_.sender(*cut), plan_.sender(*whole), actor(model_).name)));
    }
  }

  const graph::Plan& plan_;
  const RawConfig& file_;
  ConfigProblems& problems_;
  int model_;
  const ModelShardOptions& options_;
  Tower tower_;
};

}  // namespace

void check_pipelines(const graph::Plan& plan, const RawConfig& file, ConfigProblems& problems) {
  for (int i = 0; i < static_cast<int>(plan.actors.size()); ++i) {
    if (!plan.actors[i].options->as<ModelShardOptions>()) continue;
    for (const Tower tower : {Tower::image, Tower::text}) {
      TowerCheck(plan, file, problems, i, tower).run();
    }
  }
}

}  // namespace arno::actors

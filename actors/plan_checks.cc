// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_checks.h"

#include <algorithm>
#include <map>
#include <optional>

#include "actors/contrastive_loss/contrastive_loss.h"
#include "actors/evaluator/evaluator.h"
#include "actors/gradient_allreduce/gradient_allreduce.h"
#include "actors/model_shard/model_shard.h"
#include "actors/pipeline_shard/pipeline_shard.h"
#include "actors/shard_reader/shard_reader.h"
#include "actors/tokenizer/tokenizer.h"

namespace arno::actors {
namespace {

/// The actors of a plan with options of one kind.
template <class Options, class Visit>
void each(const graph::Plan& plan, Visit visit) {
  for (int i = 0; i < static_cast<int>(plan.actors.size()); ++i) {
    if (const auto* options = plan.actors[i].options->as<Options>()) visit(i, *options);
  }
}

std::string option_key(const graph::PlannedActor& actor, std::string_view option) {
  return fmt::format("actors.{}.options.{}", actor.name, option);
}

/// Compares the options of a model shard and of an actor that makes tokens for it.
class TextCheck {
 public:
  TextCheck(const RawConfig& file, ConfigProblems& problems) : file_(file), problems_(problems) {}

  void vocabulary(const graph::PlannedActor& maker, const std::string& path,
                  const graph::PlannedActor& model, int64_t vocab_size) {
    const std::optional<int64_t> size = size_of_vocabulary(path);
    if (!size || *size <= vocab_size) return;
    problems_.push_back(
        file_.problem_at(option_key(maker, "vocabulary"),
                         fmt::format("{} has {} tokens, expected at most {}, which is {}", path,
                                     *size, vocab_size, option_key(model, "vocab_size"))));
  }

  void length(const graph::PlannedActor& maker, int64_t length, const graph::PlannedActor& model,
              int64_t context_length) {
    if (length <= context_length) return;
    problems_.push_back(
        file_.problem_at(option_key(maker, "context_length"),
                         fmt::format("found {}, expected at most {}, which is {}", length,
                                     context_length, option_key(model, "context_length"))));
  }

 private:
  /// Nothing for a vocabulary that cannot be opened: its own actor says why. Each is opened once.
  std::optional<int64_t> size_of_vocabulary(const std::string& path) {
    const auto [found, fresh] = sizes_.try_emplace(path);
    if (!fresh) return found->second;
    try {
      found->second = io::BpeTokenizer::open(path).vocab_size();
    } catch (const Error&) {
      // What was emplaced says that there is none.
    }
    return found->second;
  }

  const RawConfig& file_;
  ConfigProblems& problems_;
  std::map<std::string, std::optional<int64_t>> sizes_;  ///< of vocabularies, by path
};

}  // namespace

void check_texts_fit_models(const graph::Plan& plan, const RawConfig& file,
                            ConfigProblems& problems) {
  TextCheck check(file, problems);
  each<ModelShardOptions>(plan, [&](int m, const ModelShardOptions& shard) {
    const florence::FlorenceConfig& model = shard.trainer.model;
    each<TokenizerOptions>(plan, [&](int t, const TokenizerOptions& tokenizer) {
      if (!plan.reaches(t, m)) return;
      check.vocabulary(plan.actors[t], tokenizer.vocabulary, plan.actors[m], model.vocab_size);
      check.length(plan.actors[t], tokenizer.context_length, plan.actors[m], model.context_length);
    });
    each<EvaluatorOptions>(plan, [&](int e, const EvaluatorOptions& evaluator) {
      if (!plan.reaches(m, e)) return;
      check.vocabulary(plan.actors[e], evaluator.vocabulary, plan.actors[m], model.vocab_size);
    });
  });
}

void check_windows_fit_back_edges(const graph::Plan& plan, const RawConfig& file,
                                  ConfigProblems& problems) {
  each<ShardReaderOptions>(plan, [&](int r, const ShardReaderOptions& reader) {
    for (size_t e = 0; e < plan.edges.size(); ++e) {
      const graph::PlannedEdge& edge = plan.edges[e];
      if (edge.to != r) continue;
      const int64_t senders = plan.actors[edge.from].replicas;
      const int64_t needed = reader.window * senders;
      if (edge.capacity_items >= needed) continue;
      problems.push_back(file.problem_at(
          fmt::format("edges[{}].capacity", e),
          fmt::format("found {}, expected at least {}: the window of \"{}\", {} samples{}",
                      edge.capacity_items, needed, plan.actors[r].name, reader.window,
                      senders == 1 ? "" : fmt::format(", from each of {} senders", senders))));
    }
  });
}

void check_tasks_have_one_name(const graph::Plan& plan, const RawConfig& file,
                               ConfigProblems& problems) {
  std::map<std::string, std::string> owners;
  each<EvaluatorOptions>(plan, [&](int e, const EvaluatorOptions& evaluator) {
    const std::string& actor = plan.actors[e].name;
    for (size_t t = 0; t < evaluator.tasks.size(); ++t) {
      const std::string& name = evaluator.tasks[t].name;
      const auto [owner, fresh] = owners.try_emplace(name, actor);
      if (fresh) continue;
      problems.push_back(file.problem_at(
          fmt::format("actors.{}.options.tasks[{}].name", actor, t),
          fmt::format("found \"{}\", which is a task of \"{}\" already, expected another name: "
                      "figures are kept by task",
                      name, owner->second)));
    }
  });
}

namespace {

/// Whether an edge ends at this input of the actor.
bool is_joined(const graph::Plan& plan, int actor, std::string_view input) {
  return std::ranges::any_of(plan.edges, [&](const graph::PlannedEdge& edge) {
    return edge.to == actor && plan.actors[actor].kind->inputs[edge.to_port].name == input;
  });
}

void check_group(const graph::Plan& plan, int index, const RawConfig& file,
                 ConfigProblems& problems) {
  const graph::PlannedActor& actor = plan.actors[index];
  if (actor.replicas == 1 || is_joined(plan, index, "group")) return;
  problems.push_back(file.problem_at(
      fmt::format("actors.{}.replicas", actor.name),
      fmt::format("found {}, expected 1, or an edge from a gradient_allreduce to {}.group",
                  actor.replicas, actor.name)));
}

/// Whoever has a member of a group calls it: two would call it in different orders.
void check_one_user_of_groups(const graph::Plan& plan, int index, const RawConfig& file,
                              ConfigProblems& problems) {
  std::map<int, int> edges;  // by output
  for (const graph::PlannedEdge& edge : plan.edges) {
    if (edge.from != index || ++edges[edge.from_port] != 2) continue;
    problems.push_back(file.problem_at(
        "actors." + plan.actors[index].name,
        fmt::format("found two edges from {}, expected one: each kind of shard needs a "
                    "gradient_allreduce of its own",
                    plan.sender(edge))));
  }
}

}  // namespace

void check_replicas_form_groups(const graph::Plan& plan, const RawConfig& file,
                                ConfigProblems& problems) {
  each<ModelShardOptions>(plan, [&](int m, const ModelShardOptions&) {
    check_group(plan, m, file, problems);
    if (const std::string& node = plan.actors[m].node_of(0); node != graph::kLocalNode) {
      problems.push_back(file.problem_at(
          fmt::format("actors.{}.nodes[0]", plan.actors[m].name),
          fmt::format("found {}, expected {}: the first replica tells of the steps, and its state "
                      "is saved, where the job is launched",
                      node, graph::kLocalNode)));
    }
    const int64_t batch_size = plan.config.training.batch_size;
    if (batch_size % plan.actors[m].replicas == 0) return;
    problems.push_back(
        file.problem_at("training.batch_size",
                        fmt::format("found {}, expected a multiple of the {} replicas of \"{}\"",
                                    batch_size, plan.actors[m].replicas, plan.actors[m].name)));
  });
  each<ContrastiveLossOptions>(
      plan, [&](int l, const ContrastiveLossOptions&) { check_group(plan, l, file, problems); });
  each<PipelineShardOptions>(
      plan, [&](int s, const PipelineShardOptions&) { check_group(plan, s, file, problems); });
  each<GradientAllreduceOptions>(plan, [&](int g, const GradientAllreduceOptions&) {
    check_one_user_of_groups(plan, g, file, problems);
  });
}

}  // namespace arno::actors

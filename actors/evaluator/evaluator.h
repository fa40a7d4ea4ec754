// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "actors/items.h"
#include "florence/evaluation/evaluate.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// One protocol on one shard set.
struct EvaluationTask {
  std::string name;
  std::string protocol = "zero_shot";
  std::vector<std::string> shards;
  std::string templates;          ///< zero_shot: a text file; empty: the built-in set
  std::string texts = "primary";  ///< retrieval: primary or all
  int64_t max_images = 0;         ///< 0: all

  void fields(ConfigFields& f);
};

/// What is measured on each snapshot, and with which vocabulary.
struct EvaluatorOptions {
  std::string vocabulary;
  int64_t threads = 1;
  std::vector<EvaluationTask> tasks;

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig& where, ConfigProblems& problems) const;
};

/// Runs evaluation protocols (Florence, section 3) on the snapshots that a model shard sends while
/// it trains on.
class Evaluator final : public graph::Stage {
 public:
  enum Input { kSnapshots };

  Evaluator(const EvaluatorOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  graph::TaskReport zero_shot(const EvaluationTask& task, const io::ShardSet& shards,
                              const florence::FlorenceModel& model) const;
  graph::TaskReport retrieval(const EvaluationTask& task, const io::ShardSet& shards,
                              const florence::FlorenceModel& model) const;

  EvaluatorOptions options_;
  graph::StageContext context_;
  io::BpeTokenizer tokenizer_;
  std::vector<std::shared_ptr<const io::ShardSet>> shards_;  ///< by task
};

/// Input: snapshots. Restartable; blocks while it embeds, so it is detached.
graph::ActorKind evaluator_kind();

}  // namespace arno::actors

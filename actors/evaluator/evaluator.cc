// SPDX-License-Identifier: Apache-2.0
#include "actors/evaluator/evaluator.h"

#include <omp.h>

#include "io/url_list.h"

namespace arno::actors {

void EvaluationTask::fields(ConfigFields& f) {
  f.text("name", name, {.doc = "in the log and in metrics", .required = true});
  f.text("protocol", protocol, {.doc = "what is measured", .one_of = {"zero_shot", "retrieval"}});
  f.texts("shards", shards, {.doc = "paths, folders, brace expressions", .required = true});
  f.text("templates", templates,
         {.doc = "zero_shot: a text file, one template a line; empty: the built-in set"});
  f.text("texts", texts,
         {.doc = "retrieval: which texts of an image", .one_of = {"primary", "all"}});
  f.integer("max_images", max_images, {.doc = "evenly chosen; 0: all", .min = 0});
}

void EvaluatorOptions::fields(ConfigFields& f) {
  f.text("vocabulary", vocabulary,
         {.doc = "a folder with vocab.json and merges.txt, or CLIP's bpe_simple_vocab_16e6.txt.gz",
          .required = true});
  f.integer("threads", threads, {.doc = "threads of the operators", .min = 1, .max = 1024});
  f.list("tasks", tasks, {.doc = "protocols and their shard sets", .required = true});
}

void EvaluatorOptions::check(const graph::StageContext&, const RawConfig& where,
                             ConfigProblems& problems) const {
  const auto try_to = [&](const std::string& key, auto action) {
    try {
      action();
    } catch (const Error& error) {
      problems.push_back(where.problem_at(key, error.what()));
    }
  };
  if (!vocabulary.empty()) try_to("vocabulary", [&] { io::BpeTokenizer::open(vocabulary); });
  for (size_t i = 0; i < tasks.size(); ++i) {
    try_to(fmt::format("tasks[{}].shards", i), [&] { io::expand_urls(tasks[i].shards); });
    try_to(fmt::format("tasks[{}].templates", i),
           [&] { florence::PromptTemplates::load(tasks[i].templates); });
  }
}

Evaluator::Evaluator(const EvaluatorOptions& options, const graph::StageContext& context)
    : options_(options), context_(context), tokenizer_(io::BpeTokenizer::open(options.vocabulary)) {
  for (const EvaluationTask& task : options_.tasks) {
    shards_.push_back(io::ShardSet::open(task.shards));
    ARNO_CHECK(task.protocol != "zero_shot" || !shards_.back()->class_names().empty(),
               Errc::invalid_argument,
               "[evaluator] task \"{}\": {} has no classnames.txt beside it", task.name,
               shards_.back()->shards().front().path.string());
  }
}

void Evaluator::on_item(int, const graph::Payload& item, graph::Outbox&) {
  omp_set_num_threads(static_cast<int>(options_.threads));
  const auto& snapshot = item.get<florence::Snapshot>();
  const std::unique_ptr<florence::FlorenceModel> model = florence::model_of(snapshot);
  graph::EvaluationReport report{.step = snapshot.step, .figures = {}};
  for (size_t i = 0; i < options_.tasks.size(); ++i) {
    run(options_.tasks[i], *shards_[i], *model, report.figures);
  }
  if (context_.observer) context_.observer->on_evaluation(report);
}

void Evaluator::run(const EvaluationTask& task, const io::ShardSet& shards,
                    const florence::FlorenceModel& model,
                    std::map<std::string, double>& figures) const {
  const florence::EmbedOptions embed{.max_images = task.max_images};
  if (task.protocol == "zero_shot") {
    const auto result = florence::evaluate_zero_shot(
        model, tokenizer_, shards, florence::PromptTemplates::load(task.templates), embed);
    figures[task.name + "/top1"] = result.top1;
    figures[task.name + "/mean_per_class"] = result.mean_per_class;
    return;
  }
  const auto which =
      task.texts == "all" ? florence::RetrievalTexts::all : florence::RetrievalTexts::primary;
  const auto result = florence::evaluate_retrieval(model, tokenizer_, shards, which, embed);
  for (size_t k = 0; k < florence::Recall::kRanks.size(); ++k) {
    const std::string at = fmt::format("@{}", florence::Recall::kRanks[k]);
    figures[task.name + "/i2t" + at] = result.image_to_text.at[k];
    figures[task.name + "/t2i" + at] = result.text_to_image.at[k];
  }
}

graph::ActorKind evaluator_kind() {
  return graph::with_options<EvaluatorOptions, Evaluator>({
      .name = "evaluator",
      .doc = "Runs zero-shot and retrieval protocols on snapshots of the model.",
      .inputs = {graph::port<florence::Snapshot>("snapshots", "Snapshot", "of the model shard")},
      .outputs = {},
      .scheduling = graph::Scheduling::detached,
      .restartable = true,
      .example = "vocabulary: data/bpe\ntasks:\n"
                 "  - {name: fashion, protocol: zero_shot, shards: [data/fashion-mnist/test]}",
  });
}

}  // namespace arno::actors

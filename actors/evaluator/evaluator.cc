// SPDX-License-Identifier: Apache-2.0
#include "actors/evaluator/evaluator.h"

#include <omp.h>

#include "io/image/decode.h"
#include "io/image/resize.h"
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
  graph::EvaluationReport report{.step = snapshot.step};
  for (size_t i = 0; i < options_.tasks.size(); ++i) {
    const EvaluationTask& task = options_.tasks[i];
    report.tasks.push_back(task.protocol == "zero_shot" ? zero_shot(task, *shards_[i], *model)
                                                        : retrieval(task, *shards_[i], *model));
    report.tasks.back().name = task.name;
    report.tasks.back().protocol = task.protocol;
  }
  if (context_.observer) context_.observer->on_evaluation(report);
}

graph::TaskReport Evaluator::zero_shot(const EvaluationTask& task, const io::ShardSet& shards,
                                       const florence::FlorenceModel& model) const {
  const auto result = florence::evaluate_zero_shot(model, tokenizer_, shards,
                                                   florence::PromptTemplates::load(task.templates),
                                                   {.max_images = task.max_images});
  graph::TaskReport out{
      .figures = {{"top1", result.top1}, {"mean_per_class", result.mean_per_class}}};
  for (size_t k = 0; k < result.class_accuracy.size(); ++k) {
    out.classes.push_back({shards.class_names()[k], result.class_accuracy[k]});
  }
  return out;
}

namespace {

/// The image as people see it, small; nothing when it cannot be decoded.
std::optional<io::Image> thumbnail(const io::ShardSet& shards, uint64_t sample) {
  constexpr int kSide = 64;
  const auto read = shards.read(sample);
  const auto* raw = std::get_if<io::RawSample>(&read);
  if (!raw) return std::nullopt;
  const io::DecodeResult decoded = io::decode_center(raw->image, kSide);
  if (!decoded.image) return std::nullopt;
  return io::resize_crop(*decoded.image, decoded.window, {.height = kSide, .width = kSide});
}

}  // namespace

graph::TaskReport Evaluator::retrieval(const EvaluationTask& task, const io::ShardSet& shards,
                                       const florence::FlorenceModel& model) const {
  const auto which =
      task.texts == "all" ? florence::RetrievalTexts::all : florence::RetrievalTexts::primary;
  const auto found = florence::evaluate_retrieval(model, tokenizer_, shards, which,
                                                  {.max_images = task.max_images});
  graph::TaskReport out;
  for (size_t k = 0; k < florence::Recall::kRanks.size(); ++k) {
    const std::string at = fmt::format("@{}", florence::Recall::kRanks[k]);
    out.figures["i2t" + at] = found.result.image_to_text.at[k];
    out.figures["t2i" + at] = found.result.text_to_image.at[k];
  }
  for (const florence::FoundImages& example : found.examples) {
    graph::RetrievalExample shown{.query = example.text, .rank = example.rank};
    for (const florence::FoundImage& image : example.images) {
      if (auto pixels = thumbnail(shards, image.sample)) {
        shown.images.push_back({std::move(*pixels), image.right});
      }
    }
    out.examples.push_back(std::move(shown));
  }
  return out;
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

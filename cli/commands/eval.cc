// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/run_folder.h"
#include "florence/evaluation/evaluate.h"

namespace arno::cli {
namespace {

struct EvalOptions {
  std::string checkpoint;
  std::vector<std::string> shards;
  std::string vocabulary;
  std::string templates;
  std::string texts = "primary";
  int64_t max_images = 0;
  int threads = 2;
  bool per_class = false;
};

/// What both protocols need.
struct Loaded {
  explicit Loaded(const EvalOptions& options)
      : snapshot(florence::load_weights(options.checkpoint)),
        model(florence::model_of(snapshot)),
        tokenizer(io::BpeTokenizer::open(vocabulary_of(options.checkpoint, options.vocabulary))),
        shards(io::ShardSet::open(options.shards)) {
    omp_set_num_threads(options.threads);
  }

  florence::Snapshot snapshot;
  std::unique_ptr<florence::FlorenceModel> model;
  io::BpeTokenizer tokenizer;
  std::shared_ptr<const io::ShardSet> shards;
};

void print_skipped(int64_t skipped) {
  if (skipped > 0) fmt::print("  {} samples could not be used and do not count\n", skipped);
}

int zero_shot(const EvalOptions& options) {
  const Loaded loaded(options);
  const auto result = florence::evaluate_zero_shot(
      *loaded.model, loaded.tokenizer, *loaded.shards,
      florence::PromptTemplates::load(options.templates), {.max_images = options.max_images});
  fmt::print(
      "zero-shot at step {} on {} images: top-1 {:.2f} %, top-5 {:.2f} %, mean per class "
      "{:.2f} %\n",
      loaded.snapshot.step, result.images, 100 * result.top1, 100 * result.top5,
      100 * result.mean_per_class);
  print_skipped(result.skipped);
  for (size_t k = 0; options.per_class && k < result.class_accuracy.size(); ++k) {
    fmt::print("  {:<24}{:6.2f} %\n", loaded.shards->class_names()[k],
               100 * result.class_accuracy[k]);
  }
  return kOk;
}

void print_recall(const char* direction, const florence::Recall& recall) {
  fmt::print("  {:<14}{} queries among {} candidates:", direction, recall.queries,
             recall.candidates);
  for (size_t i = 0; i < recall.at.size(); ++i) {
    fmt::print("  R@{} {:.2f} % ({:.1f}x chance)", florence::Recall::kRanks[i], 100 * recall.at[i],
               recall.at[i] / recall.chance[i]);
  }
  fmt::print("\n");
}

int retrieval(const EvalOptions& options) {
  const Loaded loaded(options);
  const auto which =
      options.texts == "all" ? florence::RetrievalTexts::all : florence::RetrievalTexts::primary;
  const auto result = florence::evaluate_retrieval(*loaded.model, loaded.tokenizer, *loaded.shards,
                                                   which, {.max_images = options.max_images})
                          .result;
  fmt::print("retrieval at step {} on {} ({} texts)\n", loaded.snapshot.step,
             fmt::join(options.shards, ", "), options.texts);
  print_recall("image to text", result.image_to_text);
  print_recall("text to image", result.text_to_image);
  print_skipped(result.skipped);
  return kOk;
}

void add_common(CLI::App& command, EvalOptions& options) {
  command
      .add_option("--checkpoint", options.checkpoint,
                  "folder of a run or of a checkpoint, or a weights.safetensors file")
      ->required();
  command.add_option("--shards", options.shards, "paths, folders, brace expressions")->required();
  command.add_option("--vocabulary", options.vocabulary,
                     "vocabulary of the model; default: that of the run's job file");
  command.add_option("--max-images", options.max_images, "evenly chosen; 0: all")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--threads", options.threads, "of the operators")->check(CLI::Range(1, 1024));
}

}  // namespace

void add_eval_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* eval = app.add_subcommand("eval", "Evaluate a checkpoint on shards.");
  eval->require_subcommand(1);
  CLI::App* classify =
      eval->add_subcommand("zero-shot", "Classify images by the names of their classes.");
  add_common(*classify, *options);
  classify->add_option("--templates", options->templates,
                       "text file, one template a line; default: the built-in set");
  classify->add_flag("--per-class", options->per_class, "print each class");
  classify->callback([options, &action] { action = [options] { return zero_shot(*options); }; });
  CLI::App* retrieve =
      eval->add_subcommand("retrieval", "Find texts by images and images by texts.");
  add_common(*retrieve, *options);
  retrieve->add_option("--texts", options->texts, "primary or all texts of an image")
      ->check(CLI::IsMember({"primary", "all"}));
  retrieve->callback([options, &action] { action = [options] { return retrieval(*options); }; });
}

}  // namespace arno::cli

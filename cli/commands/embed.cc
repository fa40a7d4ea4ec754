// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/run_folder.h"
#include "florence/evaluation/evaluate.h"
#include "io/safetensors.h"

namespace arno::cli {
namespace {

struct EmbedCommand {
  std::string checkpoint;
  std::vector<std::string> shards;
  std::string vocabulary;
  std::string out;
  int threads = 2;
};

int embed(const EmbedCommand& command) {
  omp_set_num_threads(command.threads);
  const florence::Snapshot snapshot = florence::load_weights(command.checkpoint);
  const auto model = florence::model_of(snapshot);
  const auto tokenizer =
      io::BpeTokenizer::open(vocabulary_of(command.checkpoint, command.vocabulary));
  const auto shards = io::ShardSet::open(command.shards);
  const florence::ImageEmbeddings images = florence::embed_images(*model, *shards);
  std::vector<std::string> texts;
  for (const auto& of_image : images.texts) texts.push_back(of_image.front());
  const std::vector<int64_t> samples(images.samples.begin(), images.samples.end());
  const auto count = static_cast<int64_t>(samples.size());
  const std::vector<io::StoredTensor> tensors{
      {"image", images.features},
      {"text", florence::embed_texts(*model, tokenizer, texts)},
      {"sample", ops::Tensor::from<int64_t>({count}, samples)},
      {"label", ops::Tensor::from<int64_t>({count}, images.labels)}};
  io::write_safetensors(command.out, tensors, {{"step", std::to_string(snapshot.step)}});
  fmt::print("{}: image and text embeddings of {} samples, {} could not be used\n", command.out,
             count, images.skipped);
  return kOk;
}

}  // namespace

void add_embed_command(CLI::App& app, Action& action) {
  auto command = std::make_shared<EmbedCommand>();
  CLI::App* sub = app.add_subcommand(
      "embed",
      "Write embeddings of shards as safetensors: image and text (the primary one) f32 [N, D], "
      "sample i64 [N] (its number in the shards), label i64 [N] (-1: none).");
  sub->add_option("--checkpoint", command->checkpoint,
                  "folder of a run or of a checkpoint, or a weights.safetensors file")
      ->required();
  sub->add_option("--shards", command->shards, "paths, folders, brace expressions")->required();
  sub->add_option("--out", command->out, "file to write")->required();
  sub->add_option("--vocabulary", command->vocabulary,
                  "vocabulary of the model; default: that of the run's job file");
  sub->add_option("--threads", command->threads, "of the operators")->check(CLI::Range(1, 1024));
  sub->callback([command, &action] { action = [command] { return embed(*command); }; });
}

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "common/error.h"
#include "io/bpe_tokenizer.h"
#include "io/bpe_train.h"
#include "io/bpe_vocabulary.h"
#include "io/import/import.h"
#include "io/shard_set.h"
#include "io/shard_stats.h"

namespace arno::cli {
namespace {

struct ImportCommand {
  std::string name;
  io::ImportOptions options;
};

int import_data(const ImportCommand& command) {
  for (const io::Importer& importer : io::importers()) {
    if (importer.name != command.name) continue;
    fmt::print("{}", importer.run(command.options).to_text());
    return kOk;
  }
  fail(Errc::invalid_argument, "no importer \"{}\"", command.name);
}

void add_import(CLI::App& data, Action& action) {
  auto command = std::make_shared<ImportCommand>();
  std::vector<std::string> names;
  std::string list = "Turn a Debian package into shards:\n";
  for (const io::Importer& importer : io::importers()) {
    names.emplace_back(importer.name);
    list += fmt::format("  {:<16}{}\n", importer.name, importer.doc);
  }
  CLI::App* app = data.add_subcommand("import", list);
  app->add_option("name", command->name, "what to import")->required()->check(CLI::IsMember(names));
  app->add_option("--out", command->options.out, "folder to write")->required();
  app->add_option("--max-samples", command->options.max_samples, "at most, per split; 0: all");
  app->callback([command, &action] { action = [command] { return import_data(*command); }; });
}

struct InspectCommand {
  std::vector<std::string> shards;
  std::string vocabulary;
};

int inspect(const InspectCommand& command) {
  io::TokenCounter count_tokens;
  if (!command.vocabulary.empty()) {
    count_tokens = [bpe = io::BpeTokenizer::open(command.vocabulary)](std::string_view text) {
      return bpe.encode(text).size();
    };
  }
  const auto shards = io::ShardSet::open(command.shards);
  fmt::print("{}", io::to_text(io::collect_stats(*shards, count_tokens)));
  return kOk;
}

void add_inspect(CLI::App& data, Action& action) {
  auto command = std::make_shared<InspectCommand>();
  CLI::App* app = data.add_subcommand(
      "inspect", "Print counts, sizes, shared texts, token lengths and faults of shards.");
  app->add_option("shards", command->shards, "paths, folders, brace expressions")->required();
  app->add_option("--vocabulary", command->vocabulary, "count tokens with this vocabulary");
  app->callback([command, &action] { action = [command] { return inspect(*command); }; });
}

struct TrainBpeCommand {
  std::vector<std::string> shards;
  std::string out;
  io::BpeTrainOptions options;
};

int train_bpe(const TrainBpeCommand& command) {
  io::BpeTrainer trainer;
  const auto shards = io::ShardSet::open(command.shards);
  int64_t texts = 0;
  for (uint64_t i = 0; i < shards->size(); ++i) {
    const auto result = shards->read(i);
    const auto* sample = std::get_if<io::RawSample>(&result);
    if (!sample) continue;
    for (const std::string& text : sample->texts) trainer.add(text);
    texts += static_cast<int64_t>(sample->texts.size());
  }
  const std::vector<io::BpeMerge> merges = trainer.train(command.options);
  io::write_bpe(command.out, merges);
  fmt::print("{}: {} tokens from {} texts of {} samples\n", command.out,
             io::BpeVocabulary::from_merges(merges).size(), texts, shards->size());
  return kOk;
}

void add_train_bpe(CLI::App& data, Action& action) {
  auto command = std::make_shared<TrainBpeCommand>();
  CLI::App* app =
      data.add_subcommand("train-bpe", "Learn a byte-pair vocabulary from the texts of shards.");
  app->add_option("shards", command->shards, "paths, folders, brace expressions")->required();
  app->add_option("--out", command->out, "folder for vocab.json and merges.txt")->required();
  app->add_option("--vocab-size", command->options.vocab_size, "tokens, specials included");
  app->callback([command, &action] { action = [command] { return train_bpe(*command); }; });
}

}  // namespace

void add_data_command(CLI::App& app, Action& action) {
  CLI::App* data = app.add_subcommand("data", "Import and inspect shards, train a vocabulary.");
  data->require_subcommand(1);
  add_import(*data, action);
  add_inspect(*data, action);
  add_train_bpe(*data, action);
}

}  // namespace arno::cli

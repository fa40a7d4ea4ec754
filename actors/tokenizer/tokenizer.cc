// SPDX-License-Identifier: Apache-2.0
#include "actors/tokenizer/tokenizer.h"

namespace arno::actors {

void TokenizerOptions::fields(ConfigFields& f) {
  f.text("vocabulary", vocabulary,
         {.doc = "a folder with vocab.json and merges.txt, or CLIP's bpe_simple_vocab_16e6.txt.gz",
          .required = true});
  f.integer("context_length", context_length,
            {.doc = "most tokens of a text, both specials included", .min = 3, .max = 4096});
}

void TokenizerOptions::check(const graph::StageContext&, const RawConfig& where,
                             ConfigProblems& problems) const {
  if (vocabulary.empty()) return;
  try {
    io::BpeTokenizer::open(vocabulary);
  } catch (const Error& error) {
    problems.push_back(where.problem(error.what(), "vocabulary"));
  }
}

Tokenizer::Tokenizer(const TokenizerOptions& options, const graph::StageContext&)
    : bpe_(io::BpeTokenizer::open(options.vocabulary)), context_length_(options.context_length) {}

void Tokenizer::on_item(int, const graph::Payload& item, graph::Outbox& out) {
  const auto& prompted = item.get<PromptedItem>();
  TokenizedItem tokenized{.id = prompted.id,
                          .image = prompted.image,
                          .tokens = bpe_.encode(prompted.text, context_length_),
                          .label = prompted.label};
  const size_t bytes = tokenized.image.size_bytes();
  out.emit(kTokenized, graph::Payload::of(std::move(tokenized), bytes));
}

graph::ActorKind tokenizer_kind() {
  return graph::with_options<TokenizerOptions, Tokenizer>({
      .name = "tokenizer",
      .doc = "Turns texts into the tokens of a byte-pair vocabulary.",
      .inputs = {graph::port<PromptedItem>("samples", "PromptedItem", "with one text each")},
      .outputs = {graph::port<TokenizedItem>("tokenized", "TokenizedItem", "with tokens")},
      .replicable = true,
      .restartable = true,
      .placeable = true,
      .example = "vocabulary: data/bpe",
  });
}

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/items.h"
#include "graph/actor_kind.h"
#include "io/bpe_tokenizer.h"

namespace arno::actors {

/// The vocabulary, and where long texts are cut.
struct TokenizerOptions {
  std::string vocabulary;       ///< a folder with vocab.json and merges.txt, or CLIP's .txt.gz
  int64_t context_length = 77;  ///< most tokens of a text, both specials included

  void fields(ConfigFields& f);
  void check(const graph::StageContext&, const RawConfig& where, ConfigProblems& problems) const;
};

/// Turns texts into tokens: start-of-text, byte pairs, end-of-text; long texts are cut.
class Tokenizer final : public graph::Stage {
 public:
  enum Input { kSamples };
  enum Output { kTokenized };

  Tokenizer(const TokenizerOptions& options, const graph::StageContext&);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;

 private:
  io::BpeTokenizer bpe_;
  int64_t context_length_;
};

/// Input: samples with one text. Output: samples with tokens. Replicable.
graph::ActorKind tokenizer_kind();

}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "common/error.h"
#include "io/bpe_tokenizer.h"
#include "io/bpe_train.h"
#include "io/detail/bpe_files.h"
#include "io/text_clean.h"
#include "io/utf8.h"

namespace {

using arno::io::BpeTokenizer;
using arno::io::BpeVocabulary;

void check_encoding(const BpeTokenizer& bpe, std::string_view text) {
  const auto ids = bpe.encode(text, 16);
  if (ids.size() < 2 || ids.size() > 16 || ids.front() != bpe.sot() || ids.back() != bpe.eot()) {
    std::abort();
  }
  bpe.decode(ids);
  if (!arno::io::is_valid_utf8(arno::io::normalize_text(text))) std::abort();
}

template <class Read>
void check_reader(Read read, std::string_view text) {
  try {
    check_encoding(BpeTokenizer(read()), text);
  } catch (const arno::Error& error) {
    if (error.code() != arno::Errc::data_corrupt) std::abort();
  }
}

/// Whatever is learned from any bytes is a vocabulary.
void check_training(std::string_view text) {
  arno::io::BpeTrainer trainer;
  trainer.add(text);
  const auto merges = trainer.train({.vocab_size = 600, .min_count = 1});
  check_encoding(BpeTokenizer(BpeVocabulary::from_merges(merges)), text);
}

}  // namespace

/// The first byte chooses what the others are: gzip, merges.txt, vocab.json or a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      check_reader([&] { return BpeVocabulary::from_clip({"gzip", text}, 3); }, text);
      break;
    case 1:
      check_reader(
          [&] {
            static const std::vector<arno::io::BpeMerge> made{{"l", "o"}, {"lo", "w</w>"}};
            static const std::string vocab = arno::io::detail::vocab_json(made);
            return BpeVocabulary::from_hugging_face({"vocab", vocab}, {"merges", text});
          },
          text);
      break;
    case 2:
      check_reader(
          [&] {
            return BpeVocabulary::from_hugging_face({"vocab", text}, {"merges", "l o\n"});
          },
          text);
      break;
    default:
      check_training(text);
  }
  return 0;
}

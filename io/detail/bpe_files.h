// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/bpe_vocabulary.h"

namespace arno::io::detail {

/// Which lines of a file are merges.
struct MergeLines {
  std::string_view name;                              ///< what errors call the file
  size_t skip = 0;                                    ///< lines before the first merge
  size_t limit = std::numeric_limits<size_t>::max();  ///< most merges that are read
};

/// One merge a line: two tokens, one space between. Empty lines may only end the file. Throws
/// data_corrupt, naming file and line.
std::vector<BpeMerge> read_merges(std::string_view text, const MergeLines& lines);

/// A JSON object from tokens to the ids 0..N-1, each once. Throws data_corrupt.
std::unordered_map<std::string, int32_t> read_vocab_json(std::string_view text,
                                                         std::string_view name);

/// merges.txt.
std::string merges_text(std::span<const BpeMerge> merges);

/// vocab.json with ids in CLIP's order, one token a line.
std::string vocab_json(std::span<const BpeMerge> merges);

}  // namespace arno::io::detail

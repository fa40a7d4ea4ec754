// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/shard_set.h"

namespace arno::io {

/// How many things have each whole number.
using Counts = std::map<int64_t, int64_t>;

/// What is in a shard set.
struct ShardStats {
  std::vector<ShardSet::ShardInfo> shards;
  int64_t samples = 0;                    ///< usable ones
  std::map<std::string, int64_t> faults;  ///< unusable samples by cause
  std::string first_fault;                ///< name and detail of the first one

  int64_t image_bytes = 0;                 ///< encoded, of usable samples
  std::map<std::string, int64_t> formats;  ///< images by format; what is none by its fault
  Counts sides;  ///< images by their shorter side in pixels, rounded down to a power of two

  int64_t texts = 0;           ///< of all usable samples
  int64_t distinct_texts = 0;  ///< after normalize_text
  int64_t repeated_texts = 0;  ///< texts that occur more than once after normalize_text
  int64_t long_texts = 0;      ///< texts of more than kShortTextWords words
  Counts words;                ///< texts by number of words
  Counts tokens;               ///< texts by number of tokens; empty without a counter

  Counts classes;                        ///< samples by class
  std::vector<std::string> class_names;  ///< of the set
};

/// Tokens of a text, the two marks at its ends included.
using TokenCounter = std::function<size_t(std::string_view)>;

/// Reads every sample of a set once, without decoding pixels. Memory: 24 bytes for each distinct
/// text. Texts are told apart by hash128.
ShardStats collect_stats(const ShardSet& set, const TokenCounter& count_tokens = {});

/// The statistics for people: lines of at most 100 columns, except for paths.
std::string to_text(const ShardStats& stats);

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "io/shard_index.h"

namespace arno::io {

/// A sample as its shard holds it.
struct RawSample {
  std::string name;                ///< "shard.tar:offset"
  std::vector<std::byte> image;    ///< encoded
  std::vector<std::string> texts;  ///< at least one, UTF-8, the primary one first
  std::optional<int64_t> label;    ///< class, from .cls
};

/// A sample that cannot be used.
struct SampleFault {
  std::string name;  ///< "shard.tar:offset"
  /// Short, for counting: "no_image", "no_text", "text_not_utf8", "json_malformed", "bad_label",
  /// "too_large", "short_read" or "read_failed".
  std::string cause;
  std::string detail;  ///< one line for people
};

/// The samples of many shards under one numbering, in the order of the shards. Any sample is read
/// at once and alone; no shard is ever in memory as a whole. Reading is thread-safe; at most
/// kMaxOpenFiles files are open.
class ShardSet {
 public:
  static constexpr size_t kMaxOpenFiles = 64;

  /// Opens the shards that patterns name (see expand_urls) and their indices. Shards without
  /// samples and faults of structure are logged and counted. Throws as expand_urls, io_failed, or
  /// data_corrupt when there is no sample at all.
  static std::shared_ptr<const ShardSet> open(const std::vector<std::string>& patterns);
  ~ShardSet();

  /// Samples, usable or not.
  uint64_t size() const;
  /// A sample that cannot be used, for whatever reason, is a value. Throws invalid_argument unless
  /// index < size().
  std::variant<RawSample, SampleFault> read(uint64_t index) const;

  /// Samples with a text of more than kShortTextWords words, and the k-th of them.
  uint64_t long_text_count() const;
  /// In O(log size()). Throws invalid_argument unless k < long_text_count().
  uint64_t long_text_sample(uint64_t k) const;

  /// Lines of `classnames.txt` in the folder of the first shard; empty without that file. A
  /// sample with a label and no text has the name of its class as its text.
  const std::vector<std::string>& class_names() const;

  /// One shard.
  struct ShardInfo {
    std::filesystem::path path;
    uint64_t samples = 0;
    uint64_t bytes = 0;                     ///< of the file
    std::map<std::string, int64_t> faults;  ///< of its structure, by cause (see TarFault)
  };
  /// All shards in order, those without samples too.
  std::vector<ShardInfo> shards() const;

 private:
  struct Impl;
  void add_class_name(int64_t label, std::vector<std::string>& texts) const;
  explicit ShardSet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::io

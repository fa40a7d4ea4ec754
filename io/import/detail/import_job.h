// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/hash.h"
#include "io/import/detail/input_files.h"
#include "io/import/import.h"

namespace arno::io::detail {

/// What does not depend on the sample.
struct ImportSource {
  std::string name;                      ///< the importer's
  std::string licence;                   ///< SPDX identifier where there is one
  std::vector<std::string> splits;       ///< that it may write
  std::vector<std::string> class_names;  ///< by class id; empty: no classes
  int version = 1;                       ///< raised when the importer's rules change
};

/// One picture with its texts.
struct ImportSample {
  std::string key;                 ///< unique in the import; no '.' and no '/'
  std::string png;                 ///< the file
  std::vector<std::string> texts;  ///< primary first; clean, distinct, not empty
  std::optional<int> class_id;     ///< index into class_names
  std::string file;                ///< where it came from, for people
};

/// Collects the samples of one import and writes them.
class ImportJob {
 public:
  ImportJob(const ImportSource& source, const ImportOptions& options);
  ~ImportJob();

  /// Writes a sample, unless the split is full. Throws io_failed.
  void add(const std::string& split, const ImportSample& sample);
  /// Whether the split has options.max_samples.
  bool is_full(const std::string& split) const;
  /// Whether every split is.
  bool is_full() const;
  /// Counts what is left out.
  void drop(const std::string& cause, int64_t count = 1);

  /// Closes the shards. Call once, at the end.
  ImportReport finish();
  /// Path relative to options.out and size of every shard, after finish().
  const std::map<std::string, int64_t>& shards() const { return shards_; }

 private:
  class Split;

  Split& split(const std::string& name) const;
  void count_texts(const std::vector<std::string>& texts);

  const ImportSource& source_;
  const ImportOptions& options_;
  std::map<std::string, std::unique_ptr<Split>> splits_;
  std::unordered_set<Hash128> keys_;
  std::unordered_map<Hash128, int64_t> pictures_by_text_;
  std::map<std::string, int64_t> shards_;
  ImportReport report_;
};

/// Runs `fill` unless options.out is complete already, then writes the manifest.
ImportReport run_import(const ImportSource& source, const ImportOptions& options,
                        const InputFiles& inputs, const std::function<void(ImportJob&)>& fill);

/// Cleans texts (clean_text), drops those without a letter or a digit and those that equal an
/// earlier one but for case; the order stays.
std::vector<std::string> distinct_texts(const std::vector<std::string>& texts);

/// A number of [0, 100) that depends on the text alone: how splits are drawn.
int percentile_of(std::string_view text);

/// Sorts keys by their hash, so that shards are mixed.
void shuffle_by_hash(std::vector<std::string>& keys);

}  // namespace arno::io::detail

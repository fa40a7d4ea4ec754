// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <unordered_map>

#include "common/hash.h"
#include "io/bpe_tokenizer.h"
#include "io/image/probe.h"
#include "io/shard_set.h"
#include "io/text_clean.h"

namespace arno::cli {
namespace {

constexpr int kBarWidth = 40;

/// Counts by a key that has an order.
template <class Key>
using Histogram = std::map<Key, int64_t>;

/// Reads samples and counts.
class Inspector {
 public:
  explicit Inspector(const std::string& vocabulary) {
    if (!vocabulary.empty()) tokenizer_ = io::BpeTokenizer::open(vocabulary);
  }

  void read(const io::ShardSet& shards) {
    for (const auto& shard : shards.shards()) {
      bytes_ += shard.bytes;
      for (const auto& [cause, count] : shard.faults) faults_[cause] += count;
    }
    for (uint64_t i = 0; i < shards.size(); ++i) {
      const auto result = shards.read(i);
      if (const auto* fault = std::get_if<io::SampleFault>(&result)) {
        ++faults_[fault->cause];
      } else {
        add(std::get<io::RawSample>(result));
      }
    }
  }

  std::string report(const io::ShardSet& shards) const {
    std::string out = fmt::format("{} shards, {} samples, {:.1f} MiB\n", shards.shards().size(),
                                  shards.size(), static_cast<double>(bytes_) / (1 << 20));
    out += "images:";
    for (const auto& [format, count] : formats_) out += fmt::format("  {} {}", format, count);
    out += fmt::format("\nlonger side: {} pixels in the middle, {} at most\n", median_side(),
                       sides_.empty() ? 0 : sides_.rbegin()->first);
    out += texts_report();
    out += tokenizer_ ? "tokens of a text, both specials included:\n" : "words of a text:\n";
    out += bars(lengths_);
    if (!classes_.empty()) out += class_report(shards);
    out += faults_.empty() ? "nothing is wrong\n" : "what is wrong:\n";
    for (const auto& [cause, count] : faults_) out += fmt::format("  {:<24}{}\n", cause, count);
    return out;
  }

 private:
  void add(const io::RawSample& sample) {
    const io::ProbeResult probe = io::probe_image(sample.image);
    if (probe.info) {
      ++formats_[std::string(io::to_string(probe.info->format))];
      ++sides_[std::max(probe.info->width, probe.info->height)];
    } else {
      ++faults_[std::string(io::to_string(probe.fault.cause))];
    }
    if (sample.label) ++classes_[*sample.label];
    for (const std::string& text : sample.texts) {
      ++texts_;
      ++occurrences_[hash128(io::normalize_text(text))];
      const size_t length = tokenizer_ ? tokenizer_->encode(text).size() : io::word_count(text);
      ++lengths_[static_cast<int64_t>(std::bit_ceil(std::max<size_t>(length, 1)))];
    }
  }

  int median_side() const {
    int64_t total = 0, seen = 0;
    for (const auto& entry : sides_) total += entry.second;
    for (const auto& [side, count] : sides_) {
      seen += count;
      if (2 * seen >= total) return side;
    }
    return 0;
  }

  std::string texts_report() const {
    int64_t shared_texts = 0, shared = 0;
    for (const auto& entry : occurrences_) {
      if (entry.second < 2) continue;
      ++shared_texts;
      shared += entry.second;
    }
    return fmt::format(
        "texts: {}, {} of them distinct; {} distinct ones occur more than once, {:.1f} % of all "
        "texts\n",
        texts_, occurrences_.size(), shared_texts,
        100.0 * static_cast<double>(shared) / static_cast<double>(std::max<int64_t>(1, texts_)));
  }

  static std::string bars(const Histogram<int64_t>& histogram) {
    int64_t most = 1;
    for (const auto& entry : histogram) most = std::max(most, entry.second);
    std::string out;
    for (const auto& [length, count] : histogram) {
      out += fmt::format("  up to {:>4} {:>9}  {}\n", length, count,
                         std::string(static_cast<size_t>(kBarWidth * count / most), '#'));
    }
    return out;
  }

  std::string class_report(const io::ShardSet& shards) const {
    std::string out = fmt::format("classes: {}\n", classes_.size());
    for (const auto& [label, count] : classes_) {
      const auto& names = shards.class_names();
      const std::string name =
          static_cast<size_t>(label) < names.size() ? names[static_cast<size_t>(label)] : "";
      out += fmt::format("  {:>5} {:<24}{}\n", label, name, count);
    }
    return out;
  }

  std::optional<io::BpeTokenizer> tokenizer_;
  uint64_t bytes_ = 0;
  int64_t texts_ = 0;
  Histogram<std::string> formats_;
  Histogram<int> sides_;
  Histogram<int64_t> lengths_;  ///< by the next power of two
  Histogram<int64_t> classes_;
  Histogram<std::string> faults_;
  std::unordered_map<Hash128, int64_t> occurrences_;
};

}  // namespace

std::string inspect_shards(const std::vector<std::string>& patterns,
                           const std::string& vocabulary) {
  Inspector inspector(vocabulary);
  const auto shards = io::ShardSet::open(patterns);
  inspector.read(*shards);
  return inspector.report(*shards);
}

}  // namespace arno::cli

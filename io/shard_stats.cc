// SPDX-License-Identifier: Apache-2.0
#include "io/shard_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <unordered_map>

#include "common/hash.h"
#include "io/image/probe.h"
#include "io/text_clean.h"

namespace arno::io {
namespace {

using TextCounts = std::unordered_map<Hash128, uint32_t>;

// Lists longer than this are cut.
constexpr size_t kMaxLines = 20;
constexpr int kBarWidth = 40;

void add_image(const std::vector<std::byte>& bytes, ShardStats& stats) {
  stats.image_bytes += static_cast<int64_t>(bytes.size());
  const ProbeResult probe = probe_image(bytes);
  if (!probe.info) {
    ++stats.formats[fmt::format("not readable ({})", to_string(probe.fault.cause))];
    return;
  }
  ++stats.formats[std::string(to_string(probe.info->format))];
  const auto side = static_cast<unsigned>(std::min(probe.info->width, probe.info->height));
  ++stats.sides[std::bit_floor(side)];
}

void add_text(const std::string& text, const TokenCounter& count_tokens, TextCounts& seen,
              ShardStats& stats) {
  ++stats.texts;
  const size_t words = word_count(text);
  ++stats.words[static_cast<int64_t>(words)];
  stats.long_texts += words > kShortTextWords ? 1 : 0;
  if (count_tokens) ++stats.tokens[static_cast<int64_t>(count_tokens(text))];
  ++seen[hash128(normalize_text(text))];
}

void add_sample(const RawSample& sample, const TokenCounter& count_tokens, TextCounts& seen,
                ShardStats& stats) {
  ++stats.samples;
  add_image(sample.image, stats);
  for (const std::string& text : sample.texts) add_text(text, count_tokens, seen, stats);
  if (sample.label) ++stats.classes[*sample.label];
}

/// "12.3 MB".
std::string size_text(double bytes) {
  const char* unit = "B";
  for (const char* larger : {"kB", "MB", "GB", "TB"}) {
    if (bytes < 1000) break;
    bytes /= 1000;
    unit = larger;
  }
  return fmt::format("{:.4g} {}", bytes, unit);
}

double percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string bar(int64_t count, int64_t most) {
  return std::string(static_cast<size_t>((count * kBarWidth + most - 1) / most), '#');
}

/// Rows of value, count and a bar. Where there are too many values, neighbours share a row.
std::string histogram(std::string_view title, const Counts& counts) {
  if (counts.empty()) return {};
  const int64_t low = counts.begin()->first;
  const int64_t range = counts.rbegin()->first - low + 1;
  const auto lines = static_cast<int64_t>(kMaxLines);
  const int64_t step = counts.size() <= kMaxLines ? 1 : (range + lines - 1) / lines;
  Counts rows;
  for (const auto& [value, count] : counts) rows[low + (value - low) / step * step] += count;
  int64_t most = 0;
  for (const auto& row : rows) most = std::max(most, row.second);
  std::string out = fmt::format("{}\n", title);
  for (const auto& [value, count] : rows) {
    const std::string label =
        step == 1 ? fmt::format("{}", value) : fmt::format("{}..{}", value, value + step - 1);
    out += fmt::format("  {:>13} {:>12}  {}\n", label, count, bar(count, most));
  }
  return out;
}

std::string shard_lines(const ShardStats& stats) {
  std::string out = "shards\n";
  for (size_t i = 0; i < stats.shards.size() && i < kMaxLines; ++i) {
    const ShardSet::ShardInfo& shard = stats.shards[i];
    out += fmt::format("  {:>9} samples  {:>9}  {}\n", shard.samples,
                       size_text(static_cast<double>(shard.bytes)), shard.path.string());
  }
  if (stats.shards.size() > kMaxLines) {
    out += fmt::format("  ... and {} more\n", stats.shards.size() - kMaxLines);
  }
  for (const ShardSet::ShardInfo& shard : stats.shards) {
    for (const auto& [cause, count] : shard.faults) {
      out += fmt::format("  damaged: {} ({}, {})\n", shard.path.string(), cause, count);
    }
  }
  return out;
}

std::string sample_lines(const ShardStats& stats) {
  std::string out = fmt::format("samples         {}\n", stats.samples);
  int64_t bad = 0;
  for (const auto& fault : stats.faults) bad += fault.second;
  out += fmt::format("  unusable      {}\n", bad);
  for (const auto& [cause, count] : stats.faults) {
    out += fmt::format("    {:<17} {}\n", cause, count);
  }
  if (bad > 0) out += fmt::format("    the first: {}\n", stats.first_fault);
  const double mean = static_cast<double>(stats.image_bytes) /
                      static_cast<double>(std::max<int64_t>(stats.samples, 1));
  out += fmt::format("images          {} in all, {} each\n",
                     size_text(static_cast<double>(stats.image_bytes)), size_text(mean));
  for (const auto& [format, count] : stats.formats) {
    out += fmt::format("  {:<13} {}\n", format, count);
  }
  return out;
}

std::string text_lines(const ShardStats& stats) {
  return fmt::format(
      "texts           {}\n"
      "  distinct      {}\n"
      "  repeated      {} ({:.1f} % occur more than once)\n"
      "  long          {} ({:.1f} % have more than {} words)\n",
      stats.texts, stats.distinct_texts, stats.repeated_texts,
      percent(stats.repeated_texts, stats.texts), stats.long_texts,
      percent(stats.long_texts, stats.texts), kShortTextWords);
}

std::string class_lines(const ShardStats& stats) {
  if (stats.classes.empty()) return {};
  std::string out = fmt::format("classes         {} with samples, {} named\n", stats.classes.size(),
                                stats.class_names.size());
  int64_t most = 0;
  for (const auto& row : stats.classes) most = std::max(most, row.second);
  size_t lines = 0;
  for (const auto& [label, count] : stats.classes) {
    if (++lines > kMaxLines) break;
    const auto place = static_cast<size_t>(label);
    const std::string name = place < stats.class_names.size() ? stats.class_names[place] : "";
    out += fmt::format("  {:>5} {:<24.24} {:>9}  {}\n", label, name, count, bar(count, most));
  }
  if (lines > kMaxLines)
    out += fmt::format("  ... and {} more\n", stats.classes.size() - kMaxLines);
  return out;
}

}  // namespace

ShardStats collect_stats(const ShardSet& set, const TokenCounter& count_tokens) {
  ShardStats stats{.shards = set.shards(), .class_names = set.class_names()};
  TextCounts seen;
  for (uint64_t i = 0; i < set.size(); ++i) {
    const auto result = set.read(i);
    if (const auto* sample = std::get_if<RawSample>(&result)) {
      add_sample(*sample, count_tokens, seen, stats);
      continue;
    }
    const auto& fault = std::get<SampleFault>(result);
    if (stats.faults.empty()) stats.first_fault = fmt::format("{}: {}", fault.name, fault.detail);
    ++stats.faults[fault.cause];
  }
  stats.distinct_texts = static_cast<int64_t>(seen.size());
  for (const auto& text : seen) stats.repeated_texts += text.second > 1 ? text.second : 0;
  return stats;
}

std::string to_text(const ShardStats& stats) {
  return shard_lines(stats) + sample_lines(stats) +
         histogram("shorter side in pixels, from each power of two", stats.sides) +
         text_lines(stats) + histogram("words of a text", stats.words) +
         histogram("tokens of a text", stats.tokens) + class_lines(stats);
}

}  // namespace arno::io

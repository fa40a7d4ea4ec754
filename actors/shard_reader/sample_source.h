// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "actors/shard_reader/source_options.h"
#include "io/shard_set.h"
#include "monitoring/metrics.h"

namespace arno::actors {

/// What reading a sample came to; nothing: it has yet to come, and the reader will be woken.
using ReadResult = std::optional<std::variant<io::RawSample, io::SampleFault>>;

/// Who hears of what happens to a source.
struct SourceWatch {
  /// (kind of event, text), from any thread.
  std::function<void(const std::string& kind, const std::string& text)> tell;
  monitoring::MetricRegistry* metrics = nullptr;
};

/// Where the samples of one data source come from.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  /// A sample by its number; `attempt`: 0, or n for the n-th that takes the place of one that could
  /// not be used. What cannot be used is a value. Throws data_corrupt when nothing can ever come.
  virtual ReadResult read(uint64_t index, uint32_t attempt) = 0;
  /// What to call, from any thread, when a sample has come that read() had nothing of.
  virtual void set_wake(std::function<void()> /*wake*/) {}
  /// Why nothing comes for now, for people; "" when it may.
  virtual std::string obstacle() const { return ""; }
  /// What it has, for people.
  virtual std::string describe() const = 0;
  /// Its samples, where all of them can be read at any time; null for others, which have no end.
  virtual std::shared_ptr<const io::ShardSet> shards() const { return nullptr; }
};

/// Opens shards, or listens for a producer. Throws as ShardSet::open() and PayloadLink.
std::shared_ptr<SampleSource> open_source(const SourceOptions& options, SourceWatch watch);

}  // namespace arno::actors

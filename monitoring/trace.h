// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace arno::monitoring {

/// Clock of all spans.
using TraceClock = std::chrono::steady_clock;

/// What spans of one kind have in common.
struct TraceSpanKind {
  std::string name;
  /// Keys of a span's values; "" where there is none.
  std::array<std::string, 2> keys;
};

/// A span of time. Its kind is one that the track has declared.
struct TraceSpan {
  static constexpr int64_t kNoValue = std::numeric_limits<int64_t>::min();

  int kind = 0;
  TraceClock::time_point begin;
  TraceClock::time_point end;
  std::array<int64_t, 2> values = {kNoValue, kNoValue};  ///< for the keys of the kind
};

class Trace;

/// One line of a trace. Its functions must not run at the same time; different tracks are
/// independent and share no lock but that of writing a block. Spans are added in order of their
/// end; a span that lies within another may come before it.
class TraceTrack {
 public:
  TraceTrack(Trace& trace, int id);

  /// Returns the number by which spans name the kind.
  int declare(const TraceSpanKind& kind);
  /// Keeps a span until a block is full or holds spans of more than a second, then writes it.
  void add(const TraceSpan& span);
  /// Writes what is kept.
  void flush();

 private:
  /// The texts around a span's figures.
  struct Template {
    std::string head;
    std::array<std::string, 2> keys;
  };

  void append(const TraceSpan& span);

  Trace& trace_;
  int id_;
  std::vector<Template> templates_;
  std::vector<TraceSpan> spans_;
  std::string text_;
};

/// A file in the Chrome trace event format, which opens in Perfetto: the JSON array format, one
/// event a line, times in microseconds from the making of the trace. Memory is bounded: each track
/// keeps a few hundred spans. The file of a process that was killed lacks what its tracks kept and
/// the closing bracket, which readers of the format do not need.
///
/// A file that cannot be written further (a full disk) or has reached its limit is closed after the
/// last whole block, with one warning; whoever is traced goes on.
class Trace {
 public:
  static constexpr uint64_t kDefaultLimit = uint64_t{1} << 30;

  /// Makes the file anew. `process`: what the tracks are shown under. Throws io_failed.
  Trace(std::filesystem::path path, std::string_view process, uint64_t limit_bytes = kDefaultLimit);
  /// Ends the file. No track may be in use.
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// A new track below those before it. The trace owns it. Any thread.
  TraceTrack& add_track(std::string_view name);

 private:
  friend class TraceTrack;
  struct Impl;
  void write(std::string_view events);
  TraceClock::time_point start() const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace arno::monitoring

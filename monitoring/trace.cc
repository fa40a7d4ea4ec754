// SPDX-License-Identifier: Apache-2.0
#include "monitoring/trace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "common/error.h"
#include "common/log.h"

namespace arno::monitoring {
namespace {

constexpr size_t kBlockSpans = 256;
constexpr std::chrono::seconds kBlockTime{1};
constexpr std::string_view kEnd = "\n]\n";

/// A text as a JSON string. Bytes above 127 stay as they are: names are UTF-8.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string metadata(std::string_view what, int track, std::string_view key,
                     std::string_view value) {
  return fmt::format(R"({{"ph":"M","pid":1,"tid":{},"name":"{}","args":{{"{}":{}}}}})", track, what,
                     key, value);
}

/// As fmt does, but faster: figures are most of what a trace costs.
void append_number(std::string& out, int64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.begin(), end);
}

void append_microseconds(std::string& out, TraceClock::duration time) {
  const int64_t nanoseconds = std::max<int64_t>(std::chrono::nanoseconds(time).count(), 0);
  append_number(out, nanoseconds / 1000);
  const auto rest = static_cast<int>(nanoseconds % 1000);
  const char fraction[] = {'.', static_cast<char>('0' + rest / 100),
                           static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
  out.append(fraction, sizeof(fraction));
}

std::string reason(int code) { return std::generic_category().message(code); }

/// Returns 0, or errno.
int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

}  // namespace

struct Trace::Impl {
  std::filesystem::path path;
  uint64_t limit;
  TraceClock::time_point start = TraceClock::now();
  std::mutex mutex;  ///< of what follows
  int file = -1;     ///< -1: ended
  uint64_t size = 0;
  std::deque<TraceTrack> tracks;

  ~Impl() {
    if (file >= 0) ::close(file);
  }

  void append(std::string_view events) {
    if (file < 0) return;
    if (size + events.size() + kEnd.size() > limit) {
      end(fmt::format("it has reached its limit of {} bytes", limit));
    } else if (const int code = write_all(file, events); code != 0) {
      end(reason(code));
    } else {
      size += events.size();
    }
  }

  /// Ends the file after the last whole block. `why`: "" when all has been written.
  void end(const std::string& why) {
    if (file < 0) return;
    // What is no file, a pipe say, cannot be cut; its reader sees half an event.
    if (!why.empty() && ::ftruncate(file, static_cast<off_t>(size)) == 0) {
      ::lseek(file, static_cast<off_t>(size), SEEK_SET);
    }
    int code = write_all(file, kEnd);
    if (::close(std::exchange(file, -1)) != 0) code = errno;
    const std::string cause = why.empty() && code != 0 ? reason(code) : why;
    if (!cause.empty()) {
      log::warn("trace", "'{}' ends here, after {} bytes: {}", path.string(), size, cause);
    }
  }
};

Trace::Trace(std::filesystem::path path, std::string_view process, uint64_t limit_bytes)
    : impl_(std::make_unique<Impl>(std::move(path), limit_bytes)) {
  Impl& impl = *impl_;
  impl.file = ::open(impl.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const int code = impl.file < 0 ? errno : 0;
  ARNO_CHECK(code == 0, Errc::io_failed, "[trace] opening '{}': {}", impl.path.string(),
             reason(code));
  const std::string begin = "[\n" + metadata("process_name", 0, "name", json_string(process));
  const int failed = write_all(impl.file, begin);
  ARNO_CHECK(failed == 0, Errc::io_failed, "[trace] writing '{}': {}", impl.path.string(),
             reason(failed));
  impl.size = begin.size();
}

Trace::~Trace() {
  for (TraceTrack& track : impl_->tracks) track.flush();
  const std::lock_guard lock(impl_->mutex);
  impl_->end("");
}

TraceTrack& Trace::add_track(std::string_view name) {
  const std::lock_guard lock(impl_->mutex);
  const int id = static_cast<int>(impl_->tracks.size()) + 1;
  impl_->append(",\n" + metadata("thread_name", id, "name", json_string(name)) + ",\n" +
                metadata("thread_sort_index", id, "sort_index", std::to_string(id)));
  return impl_->tracks.emplace_back(*this, id);
}

void Trace::write(std::string_view events) {
  const std::lock_guard lock(impl_->mutex);
  impl_->append(events);
}

TraceClock::time_point Trace::start() const { return impl_->start; }

TraceTrack::TraceTrack(Trace& trace, int id) : trace_(trace), id_(id) {
  spans_.reserve(kBlockSpans);
}

int TraceTrack::declare(const TraceSpanKind& kind) {
  Template made{.head = fmt::format(R"({{"ph":"X","pid":1,"tid":{},"name":{},"ts":)", id_,
                                    json_string(kind.name))};
  for (size_t i = 0; i < kind.keys.size(); ++i) made.keys[i] = json_string(kind.keys[i]) + ":";
  templates_.push_back(std::move(made));
  return static_cast<int>(templates_.size()) - 1;
}

void TraceTrack::add(const TraceSpan& span) {
  spans_.push_back(span);
  if (spans_.size() == kBlockSpans || span.end - spans_.front().begin > kBlockTime) flush();
}

void TraceTrack::flush() {
  text_.clear();
  for (const TraceSpan& span : spans_) append(span);
  spans_.clear();
  if (!text_.empty()) trace_.write(text_);
}

void TraceTrack::append(const TraceSpan& span) {
  const Template& around = templates_[span.kind];
  text_ += ",\n";
  text_ += around.head;
  append_microseconds(text_, span.begin - trace_.start());
  text_ += R"(,"dur":)";
  append_microseconds(text_, span.end - span.begin);
  std::string_view before = R"(,"args":{)";
  for (size_t i = 0; i < span.values.size(); ++i) {
    if (span.values[i] == TraceSpan::kNoValue) continue;
    text_ += before;
    text_ += around.keys[i];
    append_number(text_, span.values[i]);
    before = ",";
  }
  text_ += before == "," ? "}}" : "}";
}

}  // namespace arno::monitoring

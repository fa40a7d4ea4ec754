// SPDX-License-Identifier: Apache-2.0
#include "monitoring/trace.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <thread>

#include "common/error.h"
#include "common/log.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/trace_file.h"

namespace arno::monitoring {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::TraceFile;

class TraceTest : public ::testing::Test {
 protected:
  TraceTest() {
    sink_ = log::set_sink([this](log::Level, std::string_view component, std::string_view text) {
      log_ += fmt::format("{}: {}\n", component, text);
    });
  }
  ~TraceTest() override {
    log::set_sink(std::move(sink_));
    std::filesystem::remove(path_);
  }

  TraceFile file() const { return TraceFile::read(path_); }
  /// A span of so many microseconds after `origin_`.
  TraceSpan span(int kind, int64_t begin, int64_t end) const {
    return {
        .kind = kind, .begin = origin_ + microseconds(begin), .end = origin_ + microseconds(end)};
  }

  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / fmt::format("arno_trace_test_{}.json", ::getpid());
  TraceClock::time_point origin_ = TraceClock::now() + seconds(1);
  std::string log_;
  log::Sink sink_;
};

TEST_F(TraceTest, WritesSpansWithTheirTimesAndValues) {
  {
    Trace trace(path_, "florence");
    TraceTrack& track = trace.add_track("decode[0]");
    const int call = track.declare({.name = "decoder.samples", .keys = {"slot", "step"}});
    const int wait = track.declare({.name = "starved"});
    TraceSpan first = span(call, 0, 12);
    first.end += nanoseconds(34);
    first.values = {123, 7};
    track.add(first);
    track.add(span(wait, 13, 14));
    TraceSpan last = span(call, 20, 21);
    last.values[1] = -8;
    track.add(last);
  }

  const TraceFile trace = file();

  EXPECT_EQ(trace.process, "florence");
  const std::vector<TraceFile::Span>& spans = trace.tracks.at("decode[0]");
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].name, "decoder.samples");
  EXPECT_EQ(spans[0].args.dump(), R"({"slot":123,"step":7})");
  EXPECT_THAT(spans[0].end - spans[0].begin, DoubleNear(12.034, 1e-6));
  EXPECT_EQ(spans[1].name, "starved");
  EXPECT_EQ(spans[1].args.dump(), "{}");
  EXPECT_THAT(spans[1].begin - spans[0].begin, DoubleNear(13, 1e-6));
  EXPECT_EQ(spans[2].args.dump(), R"({"step":-8})");
  // The file's clock starts when the trace is made.
  EXPECT_GT(spans[0].begin, 0);
  EXPECT_LE(spans[0].begin, 1e6);
}

TEST_F(TraceTest, EscapesNames) {
  const std::string odd = "a \"b\" \\ \n\x01 \xc3\xbc";
  {
    Trace trace(path_, odd);
    TraceTrack& track = trace.add_track(odd + "1");
    track.add(span(track.declare({.name = odd + "2", .keys = {odd}}), 0, 1));
    TraceSpan valued = span(0, 2, 3);
    valued.values[0] = 5;
    track.add(valued);
  }

  const TraceFile trace = file();

  EXPECT_EQ(trace.process, odd);
  const std::vector<TraceFile::Span>& spans = trace.tracks.at(odd + "1");
  EXPECT_EQ(spans.at(0).name, odd + "2");
  EXPECT_EQ(spans.at(1).args.at(odd), 5);
}

TEST_F(TraceTest, AnEmptyTraceIsJson) {
  { const Trace trace(path_, "job"); }
  EXPECT_TRUE(file().tracks.empty());
}

TEST_F(TraceTest, KeepsTheOrderOfEachTrackUnderManyThreads) {
  constexpr int kSpans = 3000;
  constexpr int kTracks = 4;
  {
    Trace trace(path_, "job");
    std::vector<std::thread> threads;
    for (int t = 0; t < kTracks; ++t) {
      threads.emplace_back([&, t] {
        TraceTrack& track = trace.add_track(std::to_string(t));
        track.declare({.name = "call", .keys = {"number"}});
        for (int i = 0; i < kSpans; ++i) {
          TraceSpan one = span(0, i, i + 1);
          one.values[0] = i;
          track.add(one);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  const TraceFile trace = file();

  ASSERT_EQ(trace.tracks.size(), static_cast<size_t>(kTracks));
  for (const auto& [name, spans] : trace.tracks) {
    ASSERT_EQ(spans.size(), static_cast<size_t>(kSpans)) << name;
    for (int i = 0; i < kSpans; ++i) ASSERT_EQ(spans[i].args["number"], i) << name;
  }
}

TEST_F(TraceTest, AFileWithoutItsEndLacksABracketOnly) {
  Trace trace(path_, "job");
  TraceTrack& track = trace.add_track("map");
  track.declare({.name = "call"});
  track.add(span(0, 0, 1));
  track.add(span(0, 5, 1'500'000));  // more than a second: the block is written

  std::ifstream file(path_);
  const std::string text(std::istreambuf_iterator<char>(file), {});

  EXPECT_EQ(TraceFile::parse(text + "]").tracks.at("map").size(), 2u);
}

TEST_F(TraceTest, EndsAtItsLimitWithOneWarning) {
  constexpr uint64_t kLimit = 20'000;
  {
    Trace trace(path_, "job", kLimit);
    TraceTrack& track = trace.add_track("map");
    track.declare({.name = "call"});
    for (int i = 0; i < 10'000; ++i) track.add(span(0, i, i + 1));
  }

  EXPECT_LE(std::filesystem::file_size(path_), kLimit);
  EXPECT_GE(file().tracks.at("map").size(), 100u);
  EXPECT_THAT(log_, HasSubstr("trace: '" + path_.string() + "' ends here, after "));
  EXPECT_THAT(log_, EndsWith("bytes: it has reached its limit of 20000 bytes\n"));
  EXPECT_EQ(std::count(log_.begin(), log_.end(), '\n'), 1);
}

TEST_F(TraceTest, AFullDiskEndsTheFileAfterTheLastBlock) {
  {
    Trace trace(path_, "job");
    TraceTrack& track = trace.add_track("map");
    track.declare({.name = "call"});
    const testing::FileSizeLimit limit(40'000);
    for (int i = 0; i < 10'000; ++i) track.add(span(0, i, i + 1));
  }

  EXPECT_GE(file().tracks.at("map").size(), 256u);
  EXPECT_THAT(log_, EndsWith("bytes: File too large\n"));
}

TEST_F(TraceTest, SaysWhichFileCannotBeMade) {
  try {
    const Trace trace("/no such folder/trace.json", "job");
    FAIL() << "made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::io_failed);
    EXPECT_STREQ(error.what(),
                 "[trace] opening '/no such folder/trace.json': No such file or directory");
  }
}

}  // namespace
}  // namespace arno::monitoring

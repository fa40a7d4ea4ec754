// SPDX-License-Identifier: Apache-2.0
#include "graph/shell_trace.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

#include "common/log.h"
#include "graph/job.h"
#include "tests/graph/toy_kinds.h"
#include "tests/support/trace_file.h"

namespace arno::graph {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;
using testing::TraceFile;

class ShellTraceTest : public ::testing::Test {
 protected:
  ~ShellTraceTest() override { std::filesystem::remove(path_); }

  /// Runs a job and reads its trace.
  TraceFile run(const std::string& yaml) {
    const Plan plan = plan_of("job: toy\noutput: o\ntraining: {batch_size: 8}\n" + yaml, registry_);
    StageContext context = base_context(plan.config);
    {
      monitoring::Trace trace(path_, plan.config.job);
      context.trace = &trace;
      Job job(plan, context);
      job.start();
      const JobResult result = job.wait();
      EXPECT_EQ(result.outcome, JobResult::Outcome::completed) << result.error;
    }
    return TraceFile::read(path_);
  }

  Ledger ledger_;
  Registry registry_ = toy_registry(ledger_);
  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                fmt::format("arno_shell_trace_test_{}.json", ::getpid());
};

std::vector<TraceFile::Span> named(const TraceFile& trace, const std::string& track,
                                   const std::string& name) {
  std::vector<TraceFile::Span> out;
  for (const TraceFile::Span& span : trace.tracks.at(track)) {
    if (span.name == name) out.push_back(span);
  }
  return out;
}

TEST_F(ShellTraceTest, HasASpanForEachCallWithSlotAndStep) {
  const TraceFile trace =
      run("actors:\n  src: {kind: count, options: {count: 40}}\n"
          "  map: {kind: pass, replicas: 2}\n  end: {kind: sink}\n"
          "edges:\n  - {from: src.out, to: map.in, capacity: 8}\n"
          "  - {from: map.out, to: end.in, capacity: 4}\n");

  EXPECT_EQ(trace.process, "toy");
  ASSERT_EQ(trace.tracks.size(), 4u);
  std::vector<int64_t> slots;
  for (const char* track : {"map[0]", "map[1]"}) {
    for (const TraceFile::Span& span : named(trace, track, "pass.in")) {
      slots.push_back(span.args.at("slot"));
      EXPECT_EQ(span.args.at("step"), slots.back() / 8 + 1);
    }
    EXPECT_EQ(named(trace, track, "pass.end").size(), 1u);
  }
  std::ranges::sort(slots);
  ASSERT_EQ(slots.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(slots[i], i);
  // A source's call is about what it emitted.
  EXPECT_EQ(named(trace, "src", "count.produce").at(7).args.dump(), R"({"slot":7,"step":1})");
  for (const auto& [name, spans] : trace.tracks) {
    for (size_t i = 1; i < spans.size(); ++i) {
      EXPECT_GE(spans[i].begin, spans[i - 1].end - 1e-6) << name << " " << i;
    }
  }
}

TEST_F(ShellTraceTest, ShowsWhatWasSkipped) {
  const log::Sink sink = log::set_sink([](auto&&...) {});
  ledger_.set_failures(1);
  const TraceFile trace =
      run("actors:\n  src: {kind: count, options: {count: 5}}\n"
          "  map: {kind: pass, on_error: skip, options: {fail_on: 3}}\n  end: {kind: sink}\n"
          "edges: [{from: src.out, to: map.in}, {from: map.out, to: end.in}]\n");
  log::set_sink(sink);

  const std::vector<TraceFile::Span> skipped = named(trace, "map", "pass.skip");
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0].args.at("slot"), 3);
  EXPECT_EQ(named(trace, "map", "pass.in").size(), 5u);
}

TEST_F(ShellTraceTest, WaitsForOneReasonAreOneSpanAndShortOnesNone) {
  {
    monitoring::Trace trace(path_, "toy");
    ShellTrace track(trace, "map", *registry_.find("pass"), 8);
    const auto at = [start = monitoring::TraceClock::now()](int us) {
      return start + microseconds(us);
    };
    track.wait(Idle::starved, at(0), at(60));
    track.wait(Idle::starved, at(60), at(120));
    track.wait(Idle::blocked, at(120), at(320));
    track.call({StageCall::item, 0, {.step = 4}}, at(320), at(330));
    track.wait(Idle::starved, at(330), at(429));
    track.wait(Idle::finished, at(429), at(1000));
    track.call({StageCall::end}, at(1000), at(1001));
  }

  const TraceFile trace = TraceFile::read(path_);

  std::vector<std::string> seen;
  for (const TraceFile::Span& span : trace.tracks.at("map")) {
    seen.push_back(fmt::format("{} {:.0f} {}", span.name, span.end - span.begin, span.args.dump()));
  }
  EXPECT_THAT(seen, ElementsAre("starved 120 {}", "blocked 200 {}", "pass.in 10 {\"step\":4}",
                                "pass.end 1 {}"));
}

}  // namespace
}  // namespace arno::graph

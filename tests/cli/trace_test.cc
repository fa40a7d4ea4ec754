// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "tests/cli/job_fixture.h"
#include "tests/support/trace_file.h"

namespace arno::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TraceFile;

class TraceTest : public JobTest {
 protected:
  std::vector<std::string> traced(const TinyJob& tiny, const std::string& trace) {
    return {"run", job(tiny), "--output", path("run"), "--trace", path(trace)};
  }
};

std::set<int64_t> steps(const TraceFile& trace, const std::string& track, const std::string& name) {
  std::set<int64_t> out;
  for (const TraceFile::Span& span : trace.tracks.at(track)) {
    if (span.name == name) out.insert(span.args.at("step").get<int64_t>());
  }
  return out;
}

TEST_F(TraceTest, EveryActorHasATrackOfSpansThatDoNotOverlap) {
  const Finished run = arno(traced({.replicas = 2}, "trace.json"));
  ASSERT_EQ(run.code, 0) << run.text;

  const TraceFile trace = TraceFile::read(path("trace.json"));

  EXPECT_EQ(trace.process, "tiny");
  std::vector<std::string> tracks;
  for (const auto& [name, spans] : trace.tracks) {
    tracks.push_back(name);
    EXPECT_FALSE(spans.empty()) << name;
    for (size_t i = 1; i < spans.size(); ++i) {
      ASSERT_GE(spans[i].begin, spans[i - 1].end - 1e-3) << name << " " << spans[i].name;
    }
  }
  EXPECT_THAT(tracks,
              ElementsAre("augment[0]", "augment[1]", "batch", "decode[0]", "decode[1]", "evaluate",
                          "loss", "model", "prompt", "read", "save", "tokenize"));
  std::set<int64_t> all;
  for (int64_t step = 1; step <= 12; ++step) all.insert(step);
  EXPECT_EQ(steps(trace, "tokenize", "tokenizer.samples"), all);
  EXPECT_EQ(steps(trace, "model", "model_shard.batches"), all);
  EXPECT_EQ(steps(trace, "loss", "contrastive_loss.features"), all);
  EXPECT_EQ(steps(trace, "model", "model_shard.gradients"), all);
  EXPECT_EQ(steps(trace, "save", "checkpointer.snapshots"), (std::set<int64_t>{4, 8, 12}));
  std::set<int64_t> slots;
  for (const TraceFile::Span& span : trace.tracks.at("prompt")) {
    if (span.args.contains("slot")) slots.insert(span.args["slot"].get<int64_t>());
  }
  EXPECT_EQ(slots.size(), 12u * 8u);
  EXPECT_EQ(*slots.rbegin(), 12 * 8 - 1);
}

TEST_F(TraceTest, AKilledRunLeavesAReadableFile) {
  Process process(traced({.steps = 100'000}, "trace.json"), folder_ / "first.txt");
  ASSERT_TRUE(wait_until(process, [&] {
    return std::filesystem::exists(path("trace.json")) &&
           io::read_text(path("trace.json")).find("model_shard.gradients") != std::string::npos;
  }));
  process.signal(SIGKILL);
  EXPECT_EQ(process.wait().code, -SIGKILL);

  const std::string text = io::read_text(path("trace.json"));

  // The last event may be half written.
  const TraceFile trace = TraceFile::parse(text.substr(0, text.rfind(",\n")) + "]");
  EXPECT_EQ(trace.tracks.size(), 10u);
}

TEST_F(TraceTest, AFileThatCannotBeMadeStopsTheRunBeforeItStarts) {
  const Finished run = arno(traced({}, "no-folder/trace.json"));

  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.text, fmt::format("arno: [trace] opening '{}': No such file or directory\n",
                                  path("no-folder/trace.json")));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "run/job.yaml"));
}

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/shard_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error.h"
#include "tests/actors/stage_fixture.h"
#include "tests/support/problem_of.h"

namespace arno::actors {
namespace {

using graph::Produced;
using ::testing::HasSubstr;

class ShardReaderTest : public StageTest {
 protected:
  ShardReaderTest() { testing::write_tiny_shard(folder_ / "good.tar", testing::tiny_texts(30)); }

  std::string options(const std::string& shard, const std::string& more = "window: 8") {
    return fmt::format("sources: [{{name: tiny, shards: ['{}']}}]\n{}", (folder_ / shard).string(),
                       more);
  }

  /// Asks until the reader waits or has finished.
  Produced produce_all(graph::Stage& reader) {
    Produced last = Produced::item;
    while (last == Produced::item) last = reader.produce(out_);
    return last;
  }
  void deliver(graph::Stage& reader, uint64_t next_slot) {
    reader.on_item(ShardReader::kDelivered, graph::Payload::of(DeliveredSlots{next_slot}, 8), out_);
  }
  void reject(graph::Stage& reader, const SampleId& id) {
    reader.on_item(ShardReader::kRejects,
                   graph::Payload::of(RejectedItem{id, "corrupt", "of the test"}, 8), out_);
  }
  std::vector<std::shared_ptr<const RawItem>> samples() const {
    return out_.of<RawItem>(ShardReader::kSamples);
  }
  /// "slot:name#attempt" of all that was emitted.
  std::vector<std::string> emitted() const {
    std::vector<std::string> out;
    for (const auto& sample : samples()) {
      out.push_back(fmt::format("{}:{}#{}", sample->id.slot, sample->name, sample->id.attempt));
    }
    return out;
  }
  std::vector<nlohmann::json> quarantined() const {
    std::istringstream text(io::read_text(folder_ / "quarantine.jsonl"));
    std::vector<nlohmann::json> out;
    for (std::string line; std::getline(text, line);) out.push_back(nlohmann::json::parse(line));
    return out;
  }
};

TEST_F(ShardReaderTest, ReadsAheadUpToTheWindow) {
  const auto reader = make("shard_reader", options("good.tar"));
  EXPECT_EQ(produce_all(*reader), Produced::waiting);
  EXPECT_EQ(samples().size(), 8u);
  deliver(*reader, 3);
  EXPECT_EQ(produce_all(*reader), Produced::waiting);
  ASSERT_EQ(samples().size(), 11u);
  for (uint64_t slot = 0; slot < 11; ++slot) EXPECT_EQ(samples()[slot]->id.slot, slot);
}

TEST_F(ShardReaderTest, FinishesWhenEverySlotHasArrived) {
  context_.training.stages[0].steps = 2;
  const auto reader = make("shard_reader", options("good.tar", "window: 100"));
  EXPECT_EQ(produce_all(*reader), Produced::waiting) << "a slot may still come back";
  EXPECT_EQ(samples().size(), 8u);
  deliver(*reader, 8);
  EXPECT_EQ(produce_all(*reader), Produced::finished);
}

TEST_F(ShardReaderTest, IssuesNothingNewWhileDraining) {
  const auto reader = make("shard_reader", options("good.tar"));
  EXPECT_EQ(produce_all(*reader), Produced::waiting);
  reader->on_drain();
  deliver(*reader, 7);
  EXPECT_EQ(produce_all(*reader), Produced::waiting) << "slot 7 is under way";
  reject(*reader, samples()[7]->id);
  EXPECT_EQ(samples().size(), 9u) << "its replacement is read all the same";
  deliver(*reader, 8);
  EXPECT_EQ(produce_all(*reader), Produced::finished);
  EXPECT_EQ(samples().size(), 9u);
}

TEST_F(ShardReaderTest, ResumesWithTheSameSlots) {
  const auto whole = make("shard_reader", options("good.tar", "window: 40"));
  produce_all(*whole);
  const std::vector<std::string> all = emitted();
  context_.from.step = 5;
  out_.clear();
  const auto resumed = make("shard_reader", options("good.tar", "window: 20"));
  produce_all(*resumed);
  EXPECT_EQ(emitted(), std::vector<std::string>(all.begin() + 20, all.end()));
}

TEST_F(ShardReaderTest, SourcesLeaveWhenTheyHaveJoinedAndNotInThePast) {
  const std::string shard = (folder_ / "good.tar").string();
  const ShardReaderOptions two{
      .sources = {{.name = "one", .shards = {shard}}, {.name = "two", .shards = {shard}}}};
  using Options = graph::OptionsFor<ShardReaderOptions, ShardReader>;
  ShardReader reader(two, context_);
  ConfigProblems problems;

  const auto left = reader.adopt(
      Options(two).without("two", RawConfig::from_text("{}", "detach read.two"), problems));

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(left->as<ShardReaderOptions>()->sources[1].until_step, 1) << "0 would be the end";
  ShardReaderOptions three = *left->as<ShardReaderOptions>();
  three.sources.push_back(
      {.name = "three", .shards = {shard}, .from_step = kSoon, .until_step = 2});
  produce_all(reader);
  EXPECT_THAT(arno::testing::problem_of(Errc::invalid_argument,
                                        [&] { reader.adopt(std::make_shared<Options>(three)); }),
              HasSubstr("source three is to leave at step 2, expected"));
}

TEST_F(ShardReaderTest, ReplacesARejectedSampleInItsSlot) {
  std::vector<std::string> replacements;
  for (int run = 0; run < 2; ++run) {
    out_.clear();
    const auto reader = make("shard_reader", options("good.tar"));
    produce_all(*reader);
    const RawItem bad = *samples()[5];
    reject(*reader, bad.id);
    ASSERT_EQ(samples().size(), 9u);
    const RawItem& replacement = *samples()[8];
    EXPECT_EQ(replacement.id.slot, 5u);
    EXPECT_EQ(replacement.id.attempt, 1u);
    EXPECT_NE(replacement.id.key.value(), bad.id.key.value());
    replacements.push_back(emitted().back());
  }
  EXPECT_EQ(replacements[0], replacements[1]);
  ASSERT_EQ(quarantined().size(), 1u) << "listed once, also over runs";
  EXPECT_EQ(quarantined()[0]["cause"], "corrupt");
  EXPECT_EQ(quarantined()[0]["source"], "tiny");
}

TEST_F(ShardReaderTest, ListsEachBadSampleOnce) {
  io::Members members;
  for (int i = 0; i < 6; ++i) {
    for (auto& member : testing::sample_members(fmt::format("{}", i), i, "word")) {
      if (i == 2 && member.first == "2.txt") member.second = "\xff\xfe";
      if (i != 4 || member.first != "4.txt") members.push_back(std::move(member));
    }
  }
  io::write_tar(folder_ / "bad.tar", members);
  const auto reader = make("shard_reader", options("bad.tar", "window: 60\nmax_bad_share: 1"));
  produce_all(*reader);
  EXPECT_EQ(samples().size(), 60u) << "every slot is filled";
  ASSERT_EQ(quarantined().size(), 2u);
  std::vector<std::string> causes;
  for (const auto& entry : quarantined()) causes.push_back(entry["cause"]);
  EXPECT_THAT(causes, ::testing::UnorderedElementsAre("no_text", "text_not_utf8"));
  for (const auto& sample : samples()) {
    EXPECT_NE(sample->id.index, 2u);
    EXPECT_NE(sample->id.index, 4u);
  }
}

/// Keeps what the reader tells.
class ReaderObserver final : public graph::JobObserver {
 public:
  void on_event(const graph::JobEvent& event) override { events.push_back(event); }
  void on_source(const graph::SourceReport& report) override { sources.push_back(report); }

  std::vector<graph::JobEvent> events;
  std::vector<graph::SourceReport> sources;
};

TEST_F(ShardReaderTest, TellsOfBadSamplesEverMoreRarelyAndOfEpochs) {
  io::Members members = testing::sample_members("good", 1, "word");
  for (auto& member : testing::sample_members("bad", 2, "word")) {
    if (member.first != "bad.txt") members.push_back(std::move(member));
  }
  io::write_tar(folder_ / "half.tar", members);
  ReaderObserver observer;
  context_.observer = &observer;
  const auto reader = make("shard_reader", options("half.tar", "window: 20\nmax_bad_share: 1"));
  produce_all(*reader);

  std::vector<std::string> counts;
  for (const graph::JobEvent& event : observer.events) {
    EXPECT_EQ(event.kind, "quarantine");
    EXPECT_THAT(event.text, ::testing::HasSubstr("of tiny (no_text)"));
    counts.push_back(event.text.substr(0, event.text.find(';')));
  }
  EXPECT_THAT(counts, ::testing::IsSupersetOf({"bad samples so far: 1", "bad samples so far: 2",
                                               "bad samples so far: 4", "bad samples so far: 8"}));
  EXPECT_THAT(counts, ::testing::Not(::testing::Contains("bad samples so far: 3")));
  ASSERT_GE(observer.sources.size(), 2u);
  EXPECT_EQ(observer.sources[0].name, "tiny");
  EXPECT_EQ(observer.sources[0].epoch, 0u);
  EXPECT_EQ(observer.sources[1].epoch, 1u);
}

TEST_F(ShardReaderTest, StopsAboveTheShareOfBadSamples) {
  io::Members members = testing::sample_members("good", 1, "word");
  members.emplace_back("bad.png", testing::tiny_png(2));
  io::write_tar(folder_ / "half.tar", members);
  const auto reader = make("shard_reader", options("half.tar", "window: 400\nmax_bad_share: 0.3"));
  try {
    produce_all(*reader);
    FAIL() << "half of the samples are bad";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::data_corrupt);
    EXPECT_THAT(error.what(), HasSubstr("more than max_bad_share 0.3"));
  }
}

TEST_F(ShardReaderTest, StopsWhenNoReplacementIsOfUse) {
  io::write_tar(folder_ / "none.tar", {{"a.png", testing::tiny_png(2)}});
  const auto reader = make("shard_reader", options("none.tar", "max_bad_share: 1"));
  try {
    produce_all(*reader);
    FAIL() << "no sample has a text";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("see quarantine.jsonl"));
  }
}

TEST_F(ShardReaderTest, ReportsFieldsOfSources) {
  EXPECT_THAT(problems_of("shard_reader", "window: 8"), HasSubstr("sources"));
  EXPECT_THAT(problems_of("shard_reader", options("missing.tar")),
              HasSubstr("job.yaml:1: sources[0].shards"));
  EXPECT_THAT(problems_of("shard_reader", options("good.tar", "window: 2")),
              HasSubstr("job.yaml:2: window: found 2, expected at least training.batch_size 4"));
  EXPECT_THAT(problems_of("shard_reader", "sources: []"), HasSubstr("expected one"));
  EXPECT_EQ(problems_of("shard_reader", options("good.tar")), "");
}

}  // namespace
}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/producer_source.h"

#include <condition_variable>
#include <semaphore>

#include "actors/shard_reader/shard_reader.h"
#include "tests/actors/stage_fixture.h"
#include "tests/io/zeromq/link_fixture.h"

namespace arno::actors {
namespace {

using graph::Produced;
using io::Message;
using io::MessageKind;
using io::PeerEvent;
using io::RecordingLink;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What a request asks for.
SampleRequest request_of(const Message& message) {
  EXPECT_EQ(message.name, kSampleRequest);
  ByteReader in(message.parts.at(0).span(), "request");
  SampleRequest out;
  out.first = in.number<uint64_t>();
  out.until = in.number<uint64_t>();
  out.attempt = in.number<uint32_t>();
  in.finish();
  return out;
}

Message sample_message(const ProducedId& id, const std::string& text = "a red disc",
                       const std::string& image = "image") {
  const auto bytes = std::as_bytes(std::span(image));
  const auto sample = std::make_shared<const ProducedSample>(
      ProducedSample{id, {text}, SharedBytes::of({bytes.begin(), bytes.end()})});
  graph::PartWriter parts(sample);
  write_sample(*sample, parts);
  return {.kind = MessageKind::deliver,
          .lane = 0,
          .number = 1,
          .name = kProducedSample,
          .parts = parts.take()};
}

/// A source of a reader, and its producers.
class ProducerSourceTest : public StageTest {
 protected:
  void listen(const ProducerOptions& options = {.listen = "tcp://127.0.0.1:*", .ahead = 8}) {
    source_ = std::make_unique<ProducerSource>(
        "gen", options,
        SourceWatch{.tell = [this](const std::string& kind, const std::string& text) {
          const std::scoped_lock lock(mutex_);
          told_.push_back(kind + ": " + text);
          changed_.notify_all();
        }});
    source_->set_wake([this] { woken_.release(); });
    const std::string where = source_->describe();
    address_ = where.substr(where.find("tcp://"));
  }

  std::unique_ptr<RecordingLink> connect(const std::string& name = "p",
                                         const std::string& job = "gen") {
    auto out = std::make_unique<RecordingLink>(
        name, [&](io::PayloadLinkOptions& options) { options.job = job; });
    out->link().connect("arno", address_);
    return out;
  }

  /// The next sample, which the producer is there to send.
  std::string read(uint64_t index, uint32_t attempt = 0) {
    for (;;) {
      const ReadResult result = source_->read(index, attempt);
      if (!result) {
        woken_.acquire();
      } else if (const auto* sample = std::get_if<io::RawSample>(&*result)) {
        return sample->name;
      } else {
        return std::get<io::SampleFault>(*result).cause;
      }
    }
  }

  /// Waits until the source has told so many things.
  std::vector<std::string> told(size_t count) {
    std::unique_lock lock(mutex_);
    constexpr std::chrono::seconds kPatience{20};
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return told_.size() >= count; }));
    return told_;
  }

  static void send(RecordingLink& producer, Message message) {
    EXPECT_TRUE(producer.link().send("arno", std::move(message)));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;
  std::counting_semaphore<> woken_{0};
  std::string address_;
  std::unique_ptr<ProducerSource> source_;
};

TEST_F(ProducerSourceTest, AsksABoundedNumberAhead) {
  listen();
  const auto producer = connect();
  told(1);
  ASSERT_FALSE(source_->read(5, 0).has_value());

  const SampleRequest first = request_of(producer->messages(1)[0].second);
  EXPECT_EQ(first.first, 5u) << "nothing is asked for before it is known where to begin";
  EXPECT_EQ(first.until, 13u) << "8 ahead";
  for (uint64_t index = 5; index < 13; ++index) send(*producer, sample_message({index, 0}));
  EXPECT_EQ(read(5), "gen#5");
  EXPECT_EQ(read(6), "gen#6");
  const SampleRequest second = request_of(producer->messages(2)[1].second);
  EXPECT_EQ(second.first, 13u);
  EXPECT_EQ(second.until, 15u) << "two have left";
}

TEST_F(ProducerSourceTest, AsksAnotherProducerForWhatIsMissingOnly) {
  listen();
  ASSERT_FALSE(source_->read(0, 0).has_value());
  auto first = connect("first");
  EXPECT_EQ(request_of(first->messages(1)[0].second).until, 8u);
  for (uint64_t index = 0; index < 3; ++index) send(*first, sample_message({index, 0}));
  EXPECT_EQ(read(0), "gen#0");
  first->close();
  EXPECT_THAT(told(2)[1], AllOf(HasSubstr("fault: source gen lost first"), HasSubstr(address_)));
  EXPECT_THAT(source_->obstacle(), HasSubstr("no producer is connected"));

  const auto second = connect("second");
  const SampleRequest asked = request_of(second->messages(1)[0].second);
  EXPECT_EQ(asked.first, 3u) << "1 and 2 are here";
  for (uint64_t index = asked.first; index < asked.until; ++index) {
    send(*second, sample_message({index, 0}));
  }
  EXPECT_EQ(read(1), "gen#1");
  EXPECT_EQ(read(2), "gen#2");
  EXPECT_EQ(read(3), "gen#3");
}

TEST_F(ProducerSourceTest, AsksForReplacementsAlsoWhenNothingElseFits) {
  listen({.listen = "tcp://127.0.0.1:*", .ahead = 1});
  ASSERT_FALSE(source_->read(0, 0).has_value());
  const auto producer = connect();
  producer->messages(1);
  send(*producer, sample_message({0, 0}));
  EXPECT_EQ(read(0), "gen#0");
  ASSERT_FALSE(source_->read(0, 2).has_value());

  const auto messages = producer->messages(3);
  const SampleRequest replacement = request_of(messages[2].second);
  EXPECT_EQ(replacement.first, 0u);
  EXPECT_EQ(replacement.until, 1u);
  EXPECT_EQ(replacement.attempt, 2u);
  send(*producer, sample_message({0, 2}));
  EXPECT_EQ(read(0, 2), "gen#0+2");
}

TEST_F(ProducerSourceTest, BeginsAnewAfterTheLastSample) {
  listen();
  ASSERT_FALSE(source_->read(0, 0).has_value());
  const auto producer = connect();
  producer->messages(1);
  for (uint64_t index = 0; index < 3; ++index) send(*producer, sample_message({index, 0}));
  send(*producer, {.kind = MessageKind::end_of_stream, .lane = 0, .number = 3});
  // Before it knows of the end it may ask for more as soon as it has room.
  EXPECT_THAT(told(2)[1], HasSubstr("source gen has 3 samples, and begins anew"));
  for (uint64_t index = 0; index < 3; ++index) EXPECT_EQ(read(index), fmt::format("gen#{}", index));
  EXPECT_FALSE(source_->read(3, 0).has_value());

  size_t seen = 1;
  uint64_t next = 0;
  while (next < 3) {
    ++seen;
    const SampleRequest request = request_of(producer->messages(seen).at(seen - 1).second);
    EXPECT_EQ(request.first, next);
    for (; next < request.until; ++next) send(*producer, sample_message({next, 0}));
  }
  EXPECT_EQ(read(3), "gen#0");
  EXPECT_EQ(read(4), "gen#1");
}

TEST_F(ProducerSourceTest, AProducerWithoutSamplesEndsTheWaiting) {
  listen();
  ASSERT_FALSE(source_->read(0, 0).has_value());
  const auto producer = connect();
  producer->messages(1);
  send(*producer, {.kind = MessageKind::end_of_stream, .lane = 0});
  woken_.acquire();
  try {
    // It is also woken by the connection.
    while (!source_->read(0, 0)) woken_.acquire();
    FAIL() << "nothing can come";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "[shard_reader] source gen: its producer p has no sample");
  }
}

TEST_F(ProducerSourceTest, SamplesThatCannotBeUsedAreFaults) {
  listen({.listen = "tcp://127.0.0.1:*", .ahead = 8, .long_texts = true});
  ASSERT_FALSE(source_->read(0, 0).has_value());
  const auto producer = connect();
  producer->messages(1);
  send(*producer, sample_message({0, 0}, "a red disc", ""));
  send(*producer, sample_message({1, 0}, "\xff\xfe"));
  send(*producer, sample_message({2, 0}, "  "));
  send(*producer, sample_message({3, 0}, "red disc"));
  EXPECT_EQ(read(0), "no_image");
  EXPECT_EQ(read(1), "text_not_utf8");
  EXPECT_EQ(read(2), "no_text");
  EXPECT_EQ(read(3), "short_text");
}

TEST_F(ProducerSourceTest, OneProducerAtATimeAndOnlyOfThisSource) {
  listen();
  const auto first = connect("first");
  EXPECT_EQ(told(1)[0], "producer: source gen: first is connected");
  const auto second = connect("second");
  EXPECT_THAT(told(2)[1],
              AllOf(HasSubstr("fault: source gen refused a producer at tcp://127.0.0.1"),
                    HasSubstr("is one too many")));
  const auto other = connect("third", "another");
  EXPECT_THAT(told(3)[2], HasSubstr("\"another\", expected \"gen\""));
}

struct WrongMessage {
  std::string name;
  Message message;
  std::string text;
};

class WrongMessageTest : public ProducerSourceTest,
                         public ::testing::WithParamInterface<WrongMessage> {};

TEST_P(WrongMessageTest, EndsTheSessionWithOneLine) {
  listen();
  ASSERT_FALSE(source_->read(0, 0).has_value());
  const auto producer = connect("wrong");
  producer->messages(1);
  send(*producer, GetParam().message);

  EXPECT_THAT(told(2)[1], AllOf(HasSubstr("source gen lost wrong: "), HasSubstr(GetParam().text)));
  EXPECT_THAT(producer->events(2)[1].text, HasSubstr(GetParam().text)) << "the producer is told";
  EXPECT_NE(source_->obstacle(), "");
}

Message without_fields() {
  Message out = sample_message({0, 0});
  out.parts[0] = SharedBytes::of(std::vector<std::byte>(3));
  return out;
}

Message without_image() {
  Message out = sample_message({0, 0});
  out.parts.pop_back();
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Messages, WrongMessageTest,
    ::testing::Values(WrongMessage{"NotAsked", sample_message({8, 0}),
                                   "sent sample 8 (attempt 0), which it was not asked for"},
                      WrongMessage{"OtherAttempt", sample_message({0, 1}), "sample 0 (attempt 1)"},
                      WrongMessage{"OtherLane",
                                   {.kind = MessageKind::deliver, .lane = 3, .name = "x"},
                                   "used lane 3, expected 0"},
                      WrongMessage{"OtherType",
                                   {.kind = MessageKind::deliver, .lane = 0, .name = "RawItem"},
                                   "type \"RawItem\", expected a ProducedSample"},
                      WrongMessage{"OtherKind",
                                   {.kind = MessageKind::acknowledge, .lane = 0, .number = 1},
                                   "a message of kind 4"},
                      WrongMessage{"TooShort", without_fields(),
                                   "sent what is no sample: ProducedSample: ends at byte 3"},
                      WrongMessage{"NoImage", without_image(),
                                   "sent what is no sample: [ProducedSample]"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ProducerSourceTest, OptionsThatCannotBe) {
  const auto options = [](const std::string& source) {
    return fmt::format("sources: [{{name: gen{}}}]", source);
  };
  EXPECT_THAT(problems_of("shard_reader", options("")),
              HasSubstr("job.yaml:1: sources[0]: found neither shards nor a producer"));
  EXPECT_THAT(problems_of("shard_reader", options(", shards: [x], producer: {listen: x}")),
              HasSubstr("found both shards and a producer"));
  EXPECT_THAT(problems_of("shard_reader", options(", producer: {listen: 'ipc://x'}")),
              HasSubstr("sources[0].producer.listen: found \"ipc://x\", expected tcp://host:port"));
  EXPECT_THAT(problems_of("shard_reader", options(", producer: {ahead: 3}")),
              HasSubstr("sources[0].producer.listen"));
  EXPECT_EQ(problems_of("shard_reader", options(", producer: {listen: 'tcp://127.0.0.1:*'}")), "");
}

TEST_F(ProducerSourceTest, ADrainingReaderGivesUpWhatNobodyBrings) {
  testing::write_tiny_shard(folder_ / "good.tar", testing::tiny_texts(30));
  const auto reader =
      make("shard_reader",
           fmt::format("sources:\n  - {{name: tiny, shards: ['{}'], weight: 50}}\n  - {{name: gen, "
                       "producer: {{listen: 'tcp://127.0.0.1:*'}}}}\nwindow: 400",
                       (folder_ / "good.tar").string()));
  Produced last = Produced::item;
  while (last == Produced::item) last = reader->produce(out_);
  EXPECT_EQ(last, Produced::waiting);
  const auto slots = out_.of<RawItem>(ShardReader::kSamples).size();
  ASSERT_GT(slots, 0u);
  ASSERT_LT(slots, 400u) << "the producer's turn has come";

  reader->on_drain();
  EXPECT_EQ(reader->produce(out_), Produced::waiting) << "what was issued is under way";
  reader->on_item(ShardReader::kDelivered, graph::Payload::of(DeliveredSlots{slots}, 8), out_);
  EXPECT_EQ(reader->produce(out_), Produced::finished);
}

}  // namespace
}  // namespace arno::actors

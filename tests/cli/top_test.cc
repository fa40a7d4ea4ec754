// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/duration.h"
#include "cli/top/frame.h"
#include "cli/top/tables.h"
#include "cli/top/text.h"
#include "common/error.h"
#include "io/utf8.h"
#include "tests/cli/top_state.h"

namespace arno::cli::top {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Snapshot snapshot() {
  return {.state = parse_state(state_reply()), .events = parse_events(events_reply())};
}

std::vector<std::string> drawn(const Snapshot& shown, const View& view, ScreenSize size) {
  return plain_texts(draw(shown, "", view, size).lines);
}

/// The first word of each row of the actors.
std::vector<std::string> names(const std::vector<Line>& table) {
  std::vector<std::string> out;
  for (size_t i = 1; i < table.size(); ++i) {
    const std::string text = plain_text(table[i]);
    out.push_back(text.substr(1, text.find(' ', 1) - 1));
  }
  return out;
}

void expect_no_controls(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    EXPECT_TRUE(io::is_valid_utf8(line)) << line;
    for (size_t at = 0; at < line.size();) {
      const io::CodePoint point = io::decode_utf8(line, at);
      EXPECT_FALSE(point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0)) << line;
      EXPECT_FALSE(point.value >= 0x202a && point.value <= 0x202e) << line;
      at += point.size;
    }
  }
}

TEST(TopTextTest, MakesTextsPrintable) {
  EXPECT_EQ(printable("a\tb\nc"), "a b c");
  EXPECT_EQ(printable("\033[31mred\a\177"), "�[31mred��");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "�31m")
      << "a control sequence in one character";
  EXPECT_EQ(printable("\xff\xfe"), "��");
  EXPECT_EQ(printable("a\u202eb\u200bc"), "a�bc");
  EXPECT_EQ(printable("e\u0301\u0301\u0301\u0301"), "e\u0301\u0301");
  EXPECT_EQ(printable("größe 猫 🐈"), "größe 猫 🐈");
}

TEST(TopTextTest, MeasuresAndCutsByColumns) {
  EXPECT_EQ(columns_of("größe"), 5u);
  EXPECT_EQ(columns_of("猫🐈"), 4u);
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdef", 5), "abcd…");
  EXPECT_EQ(cut("猫猫猫", 4), "猫…") << "half of a wide character cannot be shown";
  EXPECT_EQ(cut("abc", 0), "");
  EXPECT_EQ(filled("猫猫猫", 4), "猫… ");
  EXPECT_EQ(filled_left("7", 3), "  7");
}

TEST(TopTextTest, WrapsAtBlanks) {
  EXPECT_THAT(wrapped("one two three", 8, 5), ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("one two three", 7, 5), ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("abcdefghij", 4, 5), ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(wrapped("one two three four", 7, 2), ElementsAre("one two", "three …"));
  EXPECT_THAT(wrapped("猫猫", 1, 3).size(), ::testing::Le(3u)) << "wider than the line";
  EXPECT_TRUE(wrapped("", 7, 2).empty());
}

TEST(TopStateTest, ReadsAReply) {
  const Snapshot read = snapshot();

  EXPECT_EQ(read.state.job, "florence-nano");
  ASSERT_EQ(read.state.actors.size(), 10u);
  EXPECT_EQ(read.state.actors[1].replicas, 2);
  EXPECT_EQ(read.state.actors[1].queued_items, 6);
  EXPECT_EQ(read.state.actors[1].errors, 4);
  EXPECT_EQ(read.state.edges[0].from, "read.samples");
  EXPECT_EQ(read.state.training->step, 1200);
  EXPECT_EQ(read.state.checkpoint_step, 1000);
  EXPECT_EQ(read.events.back().id, 30);
}

TEST(TopStateTest, RefusesWhatNoJobSays) {
  for (const char* reply :
       {"", "not found", "[]", "{}", R"({"actors": 3})", "\xff", "{\"actors\":["}) {
    EXPECT_THROW(parse_state(reply), Error) << reply;
    EXPECT_THROW(parse_events(reply), Error) << reply;
  }
}

TEST(TopStateTest, DrawsWhatIsNullOrMissingOrOfAnotherType) {
  json broken = json::parse(state_reply());
  broken["training"] = {{"loss", nullptr}, {"step", "many"}, {"seconds_left", nullptr}};
  broken["checkpoint"] = nullptr;
  broken["bottleneck"] = nullptr;
  broken["actors"][0] = {{"name", "bare"}};
  broken["actors"][1] = 7;
  broken["actors"][2]["busy_share"] = nullptr;
  broken["edges"][0] = {{"from", "bare"}, {"capacity_items", 0}, {"in_flight_items", 0}};
  broken["edges"][1] = nullptr;
  const Snapshot shown{.state = parse_state(broken.dump()), .events = {Event{}}};

  const std::vector<std::string> lines = drawn(shown, {}, {140, 60});

  EXPECT_THAT(lines[0], HasSubstr("step -/-"));
  EXPECT_THAT(lines[1], HasSubstr("loss -"));
  EXPECT_THAT(lines, Contains(StartsWith(" bare")));
  EXPECT_THAT(lines, Contains(HasSubstr("--:--:--")));
  EXPECT_THAT(lines, Each(Not(HasSubstr("nan "))));
  EXPECT_THAT(drawn({}, {}, {80, 24})[1], HasSubstr("no step yet"));
}

TEST(TopFrameTest, ShowsEverythingOnALargeScreen) {
  const std::vector<std::string> lines = drawn(snapshot(), {}, {140, 40});

  EXPECT_EQ(lines.size(), 40u);
  EXPECT_EQ(lines[0],
            " florence-nano  running  step 1200/3400 ███████············· 35%  all texts");
  EXPECT_EQ(lines[1],
            " loss 3.1000  floor 2.4000  images/s 702  left 6min 41s  temperature 14.2  "
            "checkpoint 1000, 22s ago");
  EXPECT_THAT(lines[2], StartsWith(" model holds the job back"));
  for (const char* text : {" model ", "contrastive_loss", "model.evaluations → evaluate", "128/128",
                           "fault      decode: event 30"}) {
    EXPECT_THAT(lines, Contains(HasSubstr(text)));
  }
  EXPECT_THAT(lines.back(), HasSubstr("q quit"));
}

TEST(TopFrameTest, KeepsToEveryScreen) {
  const Snapshot shown = snapshot();
  for (size_t columns = 1; columns <= 200; columns += columns < 20 ? 1 : 7) {
    for (const size_t rows : {1, 2, 3, 5, 8, 13, 14, 19, 24, 40}) {
      for (const Section section :
           {Section::all, Section::actors, Section::edges, Section::events}) {
        for (const bool help : {false, true}) {
          const View view{.section = section, .scroll = 3, .help = help};
          const Frame frame = draw(shown, "a problem", view, {columns, rows});
          ASSERT_EQ(frame.lines.size(), rows);
          for (const Line& line : frame.lines) {
            ASSERT_LE(columns_of(line), columns) << plain_text(line);
          }
        }
      }
    }
  }
}

TEST(TopFrameTest, OnASmallScreenTheFullestEdgesStay) {
  const std::vector<std::string> lines = drawn(snapshot(), {}, {80, 24});

  EXPECT_THAT(lines, Contains(StartsWith(" evaluate ")));
  EXPECT_THAT(lines, Contains(HasSubstr("batch.batches → model")));
  EXPECT_THAT(lines, Each(Not(HasSubstr("decode.rejects"))));
  EXPECT_THAT(lines, Contains(HasSubstr("emptier")));
  EXPECT_THAT(lines, Contains(HasSubstr("event 30")));
}

TEST(TopFrameTest, ScrollsNoFurtherThanTheEnd) {
  const View actors{.section = Section::actors, .scroll = 1000};
  const Frame frame = draw(snapshot(), "", actors, {80, 10});
  const View events{.section = Section::events, .scroll = 1000};
  const Frame oldest = draw(snapshot(), "", events, {80, 10});

  EXPECT_THAT(plain_texts(frame.lines), Contains(StartsWith(" evaluate")));
  EXPECT_LT(frame.scroll, 10u);
  EXPECT_THAT(plain_texts(oldest.lines), Contains(HasSubstr("event 1")));
  EXPECT_THAT(plain_texts(oldest.lines), Each(Not(HasSubstr("event 30"))));
  EXPECT_LT(oldest.scroll, 30u);
}

TEST(TopFrameTest, NeverDrawsControlCharacters) {
  const std::string hostile =
      "\033]0;owned\a\033[2J\r\n\xc2\x9b"
      "2J\u202e\xff" +
      std::string(300, 'x');
  json reply = json::parse(state_reply());
  for (const char* name : {"job", "phase", "error"}) reply[name] = hostile;
  for (const char* name : {"name", "kind", "node"}) reply["actors"][0][name] = hostile;
  for (const char* name : {"from", "from_port", "to"}) reply["edges"][0][name] = hostile;
  reply["bottleneck"]["text"] = hostile;
  reply["training"]["stage"] = hostile;
  const json events{
      {"events", {{{"id", 1}, {"kind", hostile}, {"actor", hostile}, {"text", hostile}}}}};
  const auto text = [](const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::ignore);
  };
  const Snapshot shown{.state = parse_state(text(reply)), .events = parse_events(text(events))};

  expect_no_controls(drawn(shown, {}, {80, 24}));
  expect_no_controls(drawn(shown, {}, {200, 60}));
  expect_no_controls(plain_texts(draw_whole(shown, 120)));
}

TEST(TopFrameTest, SaysWhyThePictureIsOld) {
  const Frame frame = draw(snapshot(), "it has ended", {.paused = true}, {100, 24});

  EXPECT_THAT(plain_texts(frame.lines), Contains(" it has ended"));
  EXPECT_THAT(plain_texts(frame.lines)[0], HasSubstr("running when last seen"));
  EXPECT_THAT(plain_texts(frame.lines)[0], HasSubstr("[paused]"));
}

TEST(TopFrameTest, TheWholeBeginsWithTheNodesAndHasNoEventsWhereNoneAreKnown) {
  Snapshot shown = snapshot();
  State& state = shown.state;
  shown.events.clear();
  EXPECT_THAT(plain_texts(draw_whole(shown, 120)), Contains(" local     10   20"));

  state.actors[1].node = "local, beta";
  state.actors[1].places = {{0, "local"}, {1, "beta"}};
  state.nodes.push_back({.name = "beta",
                         .address = "10.0.0.3:7101",
                         .resources = "cpu 1/2",
                         .heard_at = state.now - 0.1});
  state.nodes.push_back({.name = "gamma",
                         .address = "10.0.0.4:7101",
                         .heard_at = state.now - 7,
                         .lost_at = state.now - 5,
                         .why_lost = "its process is gone"});
  const std::vector<std::string> lines = plain_texts(draw_whole(shown, 140));

  EXPECT_THAT(lines, Contains(AllOf(StartsWith(" local launcher "), HasSubstr(" alive "),
                                    HasSubstr("cpu 1/4, gpu 0/0"))));
  EXPECT_THAT(lines, Contains(AllOf(StartsWith(" beta  10.0.0.3:7101 "), HasSubstr("cpu 1/2"),
                                    HasSubstr("  1    1 decode[1]"))));
  EXPECT_THAT(lines, Contains(AllOf(StartsWith(" gamma 10.0.0.4:7101 "),
                                    HasSubstr("lost 5s ago: its process is gone"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("EVENTS"))));
}

TEST(TopTableTest, ColumnsOfLeastWorthGoFirst) {
  const State state = snapshot().state;
  const auto title = [&](size_t width) { return plain_text(actor_table(state, {}, width)[0]); };

  EXPECT_EQ(title(140),
            " ACTOR    KIND             REPL ITEMS/S BUSY STARVED BLOCKED QUEUE ERRORS TIME");
  EXPECT_THAT(title(80), HasSubstr("TIME"));
  EXPECT_THAT(title(72), Not(HasSubstr("TIME")));
  EXPECT_EQ(title(24), " ACTOR    ITEMS/S BUSY");
  EXPECT_EQ(title(5), "");
}

TEST(TopTableTest, SeveralNodesGetAColumn) {
  State state = snapshot().state;
  EXPECT_THAT(plain_text(actor_table(state, {}, 140)[0]), Not(HasSubstr("NODE")));

  state.actors[1].node = "other";

  EXPECT_THAT(plain_text(actor_table(state, {}, 140)[0]), HasSubstr("NODE"));
}

TEST(TopTableTest, SortsByEveryKey) {
  State state;
  state.actors = {{.name = "b", .kind = "x", .replicas = 1, .busy = 0.5, .queued_items = 1},
                  {.name = "c", .kind = "w", .replicas = 3, .busy = kUnknown, .queued_items = 9},
                  {.name = "a", .kind = "y", .replicas = 2, .busy = 0.7, .queued_items = 1}};
  const auto order = [&](SortKey key, bool reversed) {
    return names(actor_table(state, {.sort = key, .reversed = reversed}, 120));
  };

  EXPECT_THAT(order(SortKey::flow, false), ElementsAre("b", "c", "a"));
  EXPECT_THAT(order(SortKey::flow, true), ElementsAre("a", "c", "b"));
  EXPECT_THAT(order(SortKey::name, false), ElementsAre("a", "b", "c"));
  EXPECT_THAT(order(SortKey::kind, true), ElementsAre("a", "b", "c"));
  EXPECT_THAT(order(SortKey::replicas, false), ElementsAre("c", "a", "b"));
  EXPECT_THAT(order(SortKey::busy, false), ElementsAre("a", "b", "c"));
  EXPECT_THAT(order(SortKey::busy, true), ElementsAre("b", "a", "c")) << "unknown last";
  EXPECT_THAT(order(SortKey::queue, false), ElementsAre("c", "b", "a"))
      << "equal ones as they were";
}

TEST(TopTableTest, FiguresAreShort) {
  EXPECT_EQ(short_figure(0), "0");
  EXPECT_EQ(short_figure(1.5), "1.50");
  EXPECT_EQ(short_figure(9.999), "10.0");
  EXPECT_EQ(short_figure(702.4), "702");
  EXPECT_EQ(short_figure(43210), "43.2k");
  EXPECT_EQ(short_figure(1e300), "1e+300");
  EXPECT_EQ(short_figure(kUnknown), "-");
  EXPECT_EQ(percent(0.974), "97%");
  EXPECT_EQ(percent(1e300), "999%");
  EXPECT_EQ(duration(401), "6min 41s");
  EXPECT_EQ(duration(1e300), "-");
  EXPECT_EQ(duration(kUnknown), "-");
}

TEST(TopKeysTest, ReadsKeysThatComeInPieces) {
  KeyReader reader;
  EXPECT_THAT(reader.read("q\033"), ElementsAre('q'));
  EXPECT_THAT(reader.read("["), ElementsAre());
  EXPECT_THAT(reader.read("Cb\033OD\033[6~"), ElementsAre(kKeyRight, 'b', kKeyLeft, kKeyPageDown));
  EXPECT_THAT(reader.read("\033[1;5Q\033[200~x"), ElementsAre('x')) << "unknown ones are nothing";
  EXPECT_THAT(reader.read("\033[" + std::string(100, '1')).size(), ::testing::Le(100u));
  EXPECT_THAT(KeyReader().read("\033q"), ElementsAre('q'));
}

TEST(TopKeysTest, ChangeTheView) {
  View view;
  const auto after = [&](std::initializer_list<int> keys) {
    for (const int key : keys) EXPECT_TRUE(press(view, key));
    return view;
  };
  EXPECT_EQ(after({'b'}).sort, SortKey::busy);
  EXPECT_TRUE(after({'b'}).reversed) << "the same once more";
  EXPECT_EQ(after({kKeyRight, '>'}).sort, SortKey::blocked);
  EXPECT_FALSE(view.reversed);
  EXPECT_EQ(after({'f', kKeyLeft}).sort, SortKey::errors) << "round at the ends";
  EXPECT_TRUE(after({'r'}).reversed);
  EXPECT_EQ(after({kKeyTab, kKeyTab, kKeyTab}).section, Section::events);
  EXPECT_EQ(after({kKeyUp, kKeyPageUp, kKeyDown}).scroll, 10u) << "events scroll from their end";
  EXPECT_EQ(after({kKeyTab}).section, Section::all);
  EXPECT_EQ(after({kKeyUp, kKeyDown}).scroll, 1u);
  EXPECT_TRUE(after({'p'}).paused);
  EXPECT_TRUE(after({'h'}).help);
  EXPECT_EQ(after({'n'}).sort, SortKey::errors) << "a key that only leaves the help";
  EXPECT_FALSE(view.help);
  EXPECT_FALSE(press(view, 'q'));
}

}  // namespace
}  // namespace arno::cli::top

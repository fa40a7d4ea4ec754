// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "actors/builtin.h"
#include "cli/monitor/activity.h"
#include "cli/monitor/bottleneck.h"
#include "cli/monitor/data_url.h"
#include "cli/monitor/history.h"
#include "cli/monitor/job_monitor.h"
#include "io/image/resize.h"

namespace arno::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A decoder of two replicas between a reader and an augmenter, as the parts look at a plan.
class MonitorTest : public ::testing::Test {
 protected:
  MonitorTest() {
    actors::register_builtin_actors(registry_);
    plan_.config.job = "demo";
    add("read", "shard_reader", 1);
    add("decode", "decoder", 2);
    add("augment", "augmenter", 1);
    plan_.edges = {{.from = 0, .to = 1, .capacity_items = 10},
                   {.from = 1, .to = 2, .capacity_items = 10}};
  }

  void add(const std::string& name, const std::string& kind, int64_t replicas) {
    plan_.actors.push_back({.name = name, .kind = registry_.find(kind), .replicas = replicas});
  }

  /// The time of every replica so far; the decoders are busy for `decode_busy` of it.
  static graph::JobStatus status(double seconds, double decode_busy, int64_t items) {
    const auto replica = [&](const char* actor, int64_t number, double busy, double blocked) {
      return graph::ActorStatus{.actor = actor,
                                .replica = number,
                                .items = items,
                                .busy_s = busy * seconds,
                                .starved_s = (1 - busy - blocked) * seconds,
                                .blocked_s = blocked * seconds};
    };
    return {.actors = {replica("read", 0, 0.1, 0.9), replica("decode", 0, decode_busy, 0),
                       replica("decode", 1, decode_busy, 0), replica("augment", 0, 0.2, 0)},
            .edges = {{"read.samples->decode.samples", items, 10},
                      {"decode.images->augment.images", items, 0}}};
  }

  JobActivity activity(double decode_busy) const {
    ActivityWindow window(5);
    window.add(0, status(0, decode_busy, 0));
    window.add(4, status(4, decode_busy, 40));
    return window.activity();
  }

  graph::Registry registry_;
  graph::Plan plan_;
};

graph::StepReport step(int64_t number) {
  return {.step = number,
          .total_steps = 100,
          .stage = "first",
          .loss = 3.5,
          .floor = 1.25,
          .images = 8,
          .phases = {.wait = 0.25, .forward = 0.5},
          .sample_latencies = {0.1, 0.2, 0.9}};
}

TEST_F(MonitorTest, SharesAddUpAndRatesAreOverTheWindow) {
  const JobActivity found = activity(0.6);

  const ReplicaActivity& decoder = found.replicas[1];
  EXPECT_DOUBLE_EQ(decoder.shares.busy, 0.6);
  EXPECT_DOUBLE_EQ(decoder.shares.starved, 0.4);
  EXPECT_DOUBLE_EQ(decoder.items_per_second, 10);
  EXPECT_DOUBLE_EQ(found.edges[0].items_per_second, 10);
  EXPECT_DOUBLE_EQ(sum_of_replicas(found, "decode").items_per_second, 20);
  EXPECT_DOUBLE_EQ(sum_of_replicas(found, "decode").shares.busy, 0.6);
}

TEST_F(MonitorTest, ForgetsWhatIsOlderThanTheWindow) {
  ActivityWindow window(5);
  window.add(0, status(0, 1, 0));
  window.add(100, status(100, 1, 100000));
  for (int second = 101; second <= 110; ++second) {
    window.add(second, status(second, 1, 100000 + 7 * (second - 100)));
  }
  EXPECT_DOUBLE_EQ(window.activity().replicas[1].items_per_second, 7);
}

TEST_F(MonitorTest, AReplicaThatNeverRanIsIdle) {
  ActivityWindow window(5);
  window.add(0, status(0, 0.6, 0));

  EXPECT_DOUBLE_EQ(window.activity().replicas[1].shares.starved, 1);
  EXPECT_TRUE(ActivityWindow(5).activity().replicas.empty());
}

TEST_F(MonitorTest, NamesTheBusiestActorAndWhoWaitsForIt) {
  const Bottleneck found = find_bottleneck(plan_, activity(0.96));

  EXPECT_EQ(found.actor, "decode");
  EXPECT_EQ(found.edge, "read.samples->decode.samples");
  EXPECT_EQ(found.text,
            "decode holds the job back: it is busy 96 % of the time, and read waits for it 90 %. "
            "More than its 2 replicas may help, where a core is free.");
}

TEST_F(MonitorTest, BlamesNobodyWhenNobodyIsAtItsLimit) {
  const Bottleneck found = find_bottleneck(plan_, activity(0.5));

  EXPECT_EQ(found.actor, "");
  EXPECT_EQ(found.text, "No actor is at its limit: the busiest, decode, works 50 % of the time.");
}

TEST_F(MonitorTest, AFaultComesFirst) {
  JobActivity now = activity(0.96);
  now.replicas[3].shares = {.starved = 0.7, .paused = 0.3};

  EXPECT_EQ(find_bottleneck(plan_, now).text, "augment is paused after a fault 30 % of the time.");
}

TEST(HistoryTest, HalvesItsPointsWhenThereAreTooMany) {
  History history(4);
  for (int64_t number = 1; number <= 10; ++number) {
    history.add(static_cast<double>(number), step(number));
  }
  std::vector<int64_t> steps;
  for (const HistoryPoint& point : history.points()) steps.push_back(point.step);

  EXPECT_EQ(history.stride(), 4);
  EXPECT_THAT(steps, ElementsAre(4, 8));
  EXPECT_DOUBLE_EQ(history.points().back().images_per_second, 8);
}

TEST(DataUrlTest, IsAPngInBase64) {
  io::Image image = io::Image::zeros(1, 2);
  image.pixels = {255, 0, 0, 0, 255, 0};
  const std::string url = png_data_url(image);

  EXPECT_THAT(url, ::testing::StartsWith("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_EQ((url.size() - std::string("data:image/png;base64,").size()) % 4, 0);
}

TEST_F(MonitorTest, StateHasTheGraphBeforeAnythingHappened) {
  const JobMonitor monitor(plan_, "here");
  const json state = json::parse(monitor.state());

  EXPECT_EQ(state["phase"], "starting");
  EXPECT_EQ(state["node"], "here");
  EXPECT_EQ(state["actors"].size(), 3);
  EXPECT_EQ(state["actors"][1]["kind"], "decoder");
  EXPECT_TRUE(state["training"].is_null());
  EXPECT_TRUE(state["checkpoint"].is_null());
  EXPECT_EQ(monitor.evaluation(), "null");
}

TEST_F(MonitorTest, StateShowsTheLastStep) {
  JobMonitor monitor(plan_, "here");
  monitor.on_source({.index = 1, .name = "emoji", .epoch = 3});
  monitor.on_step(step(1));
  monitor.on_step(step(2));
  monitor.on_checkpoint(2, "folder");
  const json state = json::parse(monitor.state());

  EXPECT_EQ(state["training"]["step"], 2);
  EXPECT_EQ(state["training"]["images"], 16);
  EXPECT_EQ(state["training"]["loss"], 3.5);
  EXPECT_EQ(state["training"]["phases"]["wait"], 0.25);
  EXPECT_EQ(state["training"]["latency"]["p50"], 0.2);
  EXPECT_EQ(state["sources"][1]["epoch"], 3);
  EXPECT_EQ(state["checkpoint"]["step"], 2);
}

TEST_F(MonitorTest, HistoryComesInParts) {
  JobMonitor monitor(plan_, "here");
  for (int64_t number = 1; number <= 5; ++number) monitor.on_step(step(number));

  EXPECT_EQ(json::parse(monitor.history(0))["step"], json({1, 2, 3, 4, 5}));
  EXPECT_EQ(json::parse(monitor.history(3))["loss"].size(), 2);
}

TEST_F(MonitorTest, EventsAreNumberedAndComeInParts) {
  JobMonitor monitor(plan_, "here");
  monitor.on_step(step(1));
  monitor.on_event({"fault", "decode", "skipped an item"});
  monitor.end({.outcome = graph::JobResult::Outcome::failed, .error = "broken \xff"});

  const json all = json::parse(monitor.events(0))["events"];
  EXPECT_EQ(all.size(), 3);
  EXPECT_EQ(all[0]["kind"], "stage");
  EXPECT_EQ(all[1]["actor"], "decode");
  const json later = json::parse(monitor.events(all[1]["id"]))["events"];
  ASSERT_EQ(later.size(), 1);
  EXPECT_EQ(later[0]["text"], "failed: broken \xEF\xBF\xBD");
  EXPECT_EQ(monitor.phase(), "failed");
}

TEST_F(MonitorTest, KeepsTheLastEventsOnly) {
  JobMonitor monitor(plan_, "here");
  for (int i = 0; i < 600; ++i) monitor.on_event({"fault", "decode", std::to_string(i)});

  const json events = json::parse(monitor.events(0))["events"];
  EXPECT_EQ(events.size(), 500);
  EXPECT_EQ(events.back()["text"], "599");
}

TEST_F(MonitorTest, TakesASampleNowAndThen) {
  JobMonitor monitor(plan_, "here");
  monitor.on_source({.index = 0, .name = "fashion", .epoch = 0});

  EXPECT_TRUE(monitor.wants_sample());
  EXPECT_FALSE(monitor.wants_sample());
  monitor.on_sample({.slot = 7,
                     .source = 0,
                     .text = "a photo of a boot",
                     .prompt_template = "a photo of a {}",
                     .image = ops::Tensor::zeros({2, 4, 3}, ops::DType::f32)});
  const json samples = json::parse(monitor.samples())["samples"];
  ASSERT_EQ(samples.size(), 1);
  EXPECT_EQ(samples[0]["source"], "fashion");
  EXPECT_EQ(samples[0]["template"], "a photo of a {}");
  EXPECT_EQ(samples[0]["width"], 4);
}

TEST_F(MonitorTest, EvaluationHasClassesFromTheBestOn) {
  JobMonitor monitor(plan_, "here");
  monitor.on_evaluation(
      {.step = 4,
       .tasks = {
           {.name = "fashion",
            .protocol = "zero_shot",
            .figures = {{"top1", 0.5}},
            .classes = {{"bag", 0.2}, {"none", std::nan("")}, {"boot", 0.8}}},
           {.name = "emoji",
            .protocol = "retrieval",
            .examples = {
                {.query = "apple", .rank = 2, .images = {{io::Image::zeros(1, 1), false}}}}}}});
  const json report = json::parse(monitor.evaluation());

  EXPECT_EQ(report["step"], 4);
  EXPECT_EQ(report["tasks"][0]["classes"][0]["name"], "boot");
  EXPECT_TRUE(report["tasks"][0]["classes"][2]["accuracy"].is_null());
  EXPECT_EQ(report["tasks"][1]["examples"][0]["rank"], 2);
  EXPECT_EQ(json::parse(monitor.history(0))["evaluations"][0]["figures"]["fashion/top1"], 0.5);
}

TEST_F(MonitorTest, TheWindowFollowsWhatJoinsAndLeaves) {
  ActivityWindow window(5);
  window.add(0, status(0, 0.5, 100));
  graph::JobStatus changed = status(4, 0.5, 140);
  changed.actors.erase(changed.actors.begin());
  changed.actors.push_back({.actor = "judge", .items = 8, .busy_s = 1, .starved_s = 3});
  changed.edges.insert(changed.edges.begin(), {.name = "a.b->judge.c", .items = 20});
  window.add(4, changed);

  const JobActivity now = window.activity();

  ASSERT_EQ(now.replicas.size(), 4);
  EXPECT_DOUBLE_EQ(now.replicas[0].shares.busy, 0.5) << now.replicas[0].status.actor;
  EXPECT_DOUBLE_EQ(now.replicas[3].items_per_second, 2);
  EXPECT_DOUBLE_EQ(now.replicas[3].shares.busy, 0.25);
  EXPECT_DOUBLE_EQ(now.edges[0].items_per_second, 5);
  EXPECT_DOUBLE_EQ(now.edges[1].items_per_second, 10);
}

TEST_F(MonitorTest, EvaluationsOfSeveralEvaluatorsAreShownTogether) {
  JobMonitor monitor(plan_, "here");
  const auto report = [&](int64_t step, const std::string& task, double top1) {
    monitor.on_evaluation({.step = step, .tasks = {{.name = task, .figures = {{"top1", top1}}}}});
  };
  report(4, "fashion", 0.5);
  report(8, "stamps", 0.1);
  report(8, "fashion", 0.6);
  report(12, "stamps", 0.2);

  const json now = json::parse(monitor.evaluation());
  EXPECT_EQ(now["step"], 12);
  ASSERT_EQ(now["tasks"].size(), 2);
  EXPECT_EQ(now["tasks"][0]["name"], "fashion");
  EXPECT_EQ(now["tasks"][0]["step"], 8);
  EXPECT_EQ(now["tasks"][0]["figures"]["top1"], 0.6);
  EXPECT_EQ(now["tasks"][1]["figures"]["top1"], 0.2);
  const json points = json::parse(monitor.history(0))["evaluations"];
  ASSERT_EQ(points.size(), 3);
  EXPECT_EQ(points[1]["step"], 8);
  EXPECT_EQ(points[1]["figures"], (json{{"fashion/top1", 0.6}, {"stamps/top1", 0.1}}));
}

}  // namespace
}  // namespace arno::cli

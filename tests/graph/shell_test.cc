// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include "common/log.h"
#include "graph/assembly.h"
#include "tests/graph/toy_kinds.h"

// Shells and their supervisor in one thread, under CAF's testing scheduler.
namespace arno::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Outcome = JobResult::Outcome;

struct TestingConfig : caf::actor_system_config {
  TestingConfig() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
  }
};

class ShellTest : public ::testing::Test {
 protected:
  ShellTest() {
    sink_ = log::set_sink([this](log::Level, std::string_view component, std::string_view text) {
      log_ += fmt::format("{}: {}\n", component, text);
    });
  }
  ~ShellTest() override {
    assembly_->exit_all();
    scheduler().run();
    assembly_.reset();
    log::set_sink(std::move(sink_));
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }

  void begin(const std::string& yaml) {
    plan_ = plan_of("job: toy\noutput: o\n" + yaml, registry_);
    StageContext context = base_context(plan_.config);
    context.metrics = &metrics_;
    assembly_ = std::make_unique<Assembly>(
        system_, context, plan_.config.supervisor.drain_timeout_s,
        AssemblyListeners{
            .on_end = [this](JobResult result) { results_.push_back(std::move(result)); },
            .on_lost = [](const std::string&, const std::string&) {},
            .on_setback = [](int, const std::string&) {}});
    apply(plan_);
  }

  void apply(const Plan& plan) {
    assembly_->apply(assembly_->prepare(plan),
                     [this](const std::string& error) { changes_.push_back(error); });
    scheduler().prioritize(assembly_->supervisor());
  }

  /// src -> map -> end
  void begin_chain(int64_t count, const std::string& map = "", const std::string& options = "") {
    begin(
        fmt::format("supervisor: {{drain_timeout_s: 5}}\nactors:\n"
                    "  src: {{kind: count, options: {{count: {}, size: 3}}}}\n"
                    "  map: {{kind: pass{}, options: {{{}}}}}\n  end: {{kind: sink}}\n"
                    "edges:\n  - {{from: src.out, to: map.in, capacity: 1000}}\n"
                    "  - {{from: map.out, to: end.in, capacity: 4}}\n",
                    count, map, options));
  }

  template <class Message>
  void tell(Message message) {
    caf::anon_send(assembly_->supervisor(), std::move(message));
    scheduler().prioritize(assembly_->supervisor());
  }

  /// Runs until nothing moves; the job must have ended once.
  JobResult finish() {
    scheduler().run();
    EXPECT_EQ(results_.size(), 1u);
    return results_.empty() ? JobResult{Outcome::failed, "did not end"} : results_.front();
  }

  const ShellActor& shell(int id) { return assembly_->shell(id); }

  Ledger ledger_;
  Registry registry_ = toy_registry(ledger_);
  monitoring::MetricRegistry metrics_;
  Plan plan_;
  TestingConfig config_;
  caf::actor_system system_{config_};
  std::unique_ptr<Assembly> assembly_;
  std::vector<JobResult> results_;
  std::vector<std::string> changes_;  ///< what each change was told, "" for done
  std::string log_;
  log::Sink sink_;
};

TEST_F(ShellTest, RunsAGraphToItsEnd) {
  begin_chain(100);

  EXPECT_EQ(finish().outcome, Outcome::completed);

  EXPECT_EQ(ledger_.noted("end").size(), 100u);
  EXPECT_EQ(ledger_.noted("ended").size(), 1u);
  EXPECT_EQ(log_, "");
}

TEST_F(ShellTest, CountsItemsBytesAndCredit) {
  begin_chain(100);
  finish();

  const std::string text = metrics_.to_text();

  const std::string of_map = "{actor=\"map\",kind=\"pass\",replica=\"0\"}";
  EXPECT_THAT(text, HasSubstr("arno_actor_items_total" + of_map + " 100\n"));
  EXPECT_THAT(text, HasSubstr("arno_actor_sent_items_total" + of_map + " 100\n"));
  EXPECT_THAT(text, HasSubstr("arno_actor_sent_bytes_total" + of_map + " 450\n"));
  EXPECT_THAT(text, HasSubstr("arno_actor_queued_items" + of_map + " 0\n"));
  EXPECT_THAT(text, HasSubstr("arno_edge_capacity_items{edge=\"map.out->end.in\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("arno_edge_in_flight_items{edge=\"map.out->end.in\","
                              "replica=\"0\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("arno_actor_busy_seconds_total" + of_map));
}

TEST_F(ShellTest, ABusySourceHearsADrain) {
  begin_chain(100'000);
  scheduler().run(4);
  tell(DrainJob{});

  EXPECT_EQ(finish().outcome, Outcome::drained);

  EXPECT_LT(ledger_.noted("issued").size(), 1000u);
  EXPECT_EQ(ledger_.noted("end"), ledger_.noted("issued"));
  EXPECT_EQ(ledger_.noted("ended").size(), 1u);
}

TEST_F(ShellTest, RestartsAStageAndRedeliversTheItem) {
  ledger_.set_failures(2);
  begin_chain(20, ", on_error: restart", "fail_on: 7");

  EXPECT_EQ(finish().outcome, Outcome::completed);

  EXPECT_EQ(ledger_.noted("end"), ledger_.noted("issued"));
  EXPECT_EQ(ledger_.noted("made").size(), 3u);
  EXPECT_EQ(log_, "map: restarted after: bad item 7\nmap: restarted after: bad item 7\n");
  EXPECT_THAT(metrics_.to_text(),
              HasSubstr("arno_actor_errors_total{actor=\"map\",cause=\"data_corrupt\","
                        "kind=\"pass\",replica=\"0\"} 2\n"));
}

TEST_F(ShellTest, SkipsAnItemAndCountsIt) {
  ledger_.set_failures(1);
  begin_chain(5, ", on_error: skip", "fail_on: 3");

  EXPECT_EQ(finish().outcome, Outcome::completed);

  EXPECT_THAT(ledger_.noted("end"), ElementsAre(0, 1, 2, -3, 4));
  EXPECT_THAT(metrics_.to_text(), HasSubstr("arno_actor_skipped_items_total{actor=\"map\","
                                            "kind=\"pass\",replica=\"0\"} 1\n"));
}

TEST_F(ShellTest, StopsWithTheErrorAndTheActor) {
  ledger_.set_failures(1);
  begin_chain(20, "", "fail_on: 7");

  const JobResult result = finish();

  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "map: bad item 7");
}

TEST_F(ShellTest, StopsAfterTooManyErrors) {
  ledger_.set_failures(100);
  begin_chain(20, ", on_error: restart, max_errors: 2", "fail_on: 7");

  EXPECT_EQ(finish().error, "map: bad item 7 (error 3, max_errors is 2)");
}

TEST_F(ShellTest, StopsWhenAStageCannotBeMadeAnew) {
  ledger_.set_failures(1);
  begin_chain(20, ", on_error: restart", "fail_on: 7, failure: make");

  EXPECT_EQ(finish().error, "map: cannot be made");
}

TEST_F(ShellTest, StopsOnABrokenProtocol) {
  begin_chain(100'000);
  scheduler().run(20);
  caf::anon_send(shell(0), Acknowledge{0, 1 << 20, 0});

  EXPECT_THAT(finish().error, HasSubstr("src: [credit] acknowledged 1048576 items"));
}

TEST_F(ShellTest, SaysWhichActorWentDown) {
  begin_chain(100'000);
  scheduler().run(4);
  caf::anon_send_exit(shell(1), caf::exit_reason::kill);

  EXPECT_EQ(finish().error, "map: its actor ended unexpectedly");
}

TEST_F(ShellTest, AbortEndsAtOnce) {
  begin_chain(100'000);
  scheduler().run(4);
  tell(AbortJob{"enough"});

  const JobResult result = finish();

  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "enough");
  EXPECT_LT(ledger_.noted("issued").size(), 1000u);
}

TEST_F(ShellTest, ADrainThatTakesTooLongNamesWhoIsNotFinished) {
  begin(
      "supervisor: {drain_timeout_s: 5}\n"
      "actors: {ping: {kind: ping}, hole: {kind: hole}}\n"
      "edges: [{from: ping.out, to: hole.in}, {from: hole.back, to: ping.back}]\n");
  scheduler().run();
  tell(DrainJob{});
  scheduler().run();
  ASSERT_TRUE(results_.empty());
  scheduler().advance_time(std::chrono::seconds(5));

  EXPECT_EQ(finish().error, "the drain took more than 5 s; not finished: ping, hole");
}

}  // namespace
}  // namespace arno::graph

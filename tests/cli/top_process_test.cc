// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <csignal>
#include <optional>

#include "monitoring/http_server.h"
#include "tests/cli/job_fixture.h"
#include "tests/cli/pseudo_terminal.h"
#include "tests/cli/top_state.h"

namespace arno::cli {
namespace {

using monitoring::HttpReply;
using monitoring::HttpRequest;
using monitoring::HttpServer;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kRestored = "\033[?7h\033[?25h\033[?1049l";

/// `arno top` on a port that answers as a job does in the middle of its training.
class TopProcessTest : public ::testing::Test {
 protected:
  TopProcessTest() { serve("127.0.0.1:0"); }

  void serve(const std::string& listen) {
    const auto reply = [](std::string body) {
      return [body = std::move(body)](const HttpRequest&) { return HttpReply{.body = body}; };
    };
    job_.emplace(listen, std::map<std::string, HttpServer::Handler>{
                             {"/api/state", reply(top::state_reply())},
                             {"/api/events", reply(top::events_reply())}});
    address_ = job_->address();
  }

  void expect_restored(const TerminalProcess& process) {
    EXPECT_TRUE(process.settings_are_restored());
    EXPECT_THAT(process.output(), EndsWith(kRestored));
  }

  Finished arno(const std::vector<std::string>& args) {
    return Process(args, folder_ / "output.txt").wait();
  }

  io::TemporaryFolder folder_;
  std::optional<HttpServer> job_;
  std::string address_;
};

TEST_F(TopProcessTest, KeysChangeThePictureAndQuitRestoresTheTerminal) {
  TerminalProcess process({"top", address_}, 100, 40);
  ASSERT_TRUE(process.wait_for("sort: flow"));
  EXPECT_TRUE(process.is_raw());

  process.type("b");
  EXPECT_TRUE(process.wait_for("▼BUSY"));
  process.type("\033[C");
  EXPECT_TRUE(process.wait_for("▼STARVED"));
  process.type("r");
  EXPECT_TRUE(process.wait_for("▲STARVED"));
  process.type("p");
  EXPECT_TRUE(process.wait_for("[paused]"));
  process.type("h");
  EXPECT_TRUE(process.wait_for("sort by blocked"));
  process.type("xq");

  EXPECT_EQ(process.wait(), 0);
  expect_restored(process);
}

TEST_F(TopProcessTest, EverySignalRestoresTheTerminal) {
  for (const auto& [signal, code] :
       {std::pair{SIGINT, 0}, {SIGTERM, -SIGTERM}, {SIGHUP, -SIGHUP}}) {
    TerminalProcess process({"top", address_}, 80, 24);
    ASSERT_TRUE(process.wait_for("q quit"));
    process.signal(signal);
    EXPECT_EQ(process.wait(), code);
    expect_restored(process);
  }
  TerminalProcess process({"top", address_}, 80, 24);
  ASSERT_TRUE(process.wait_for("q quit"));
  process.type("\003");
  EXPECT_EQ(process.wait(), 0) << "Ctrl-C";
  expect_restored(process);
}

TEST_F(TopProcessTest, FollowsTheSizeOfTheTerminal) {
  TerminalProcess process({"top", address_}, 40, 10);
  ASSERT_TRUE(process.wait_for("q quit"));
  EXPECT_THAT(process.output(), Not(HasSubstr("KIND")));

  process.resize(140, 40);

  EXPECT_TRUE(process.wait_for("KIND"));
  process.type("q");
  EXPECT_EQ(process.wait(), 0);
}

TEST_F(TopProcessTest, StopsAndGoesOn) {
  TerminalProcess process({"top", address_}, 80, 24);
  ASSERT_TRUE(process.wait_for("q quit"));

  process.signal(SIGTSTP);
  ASSERT_TRUE(process.wait_for_stop());
  EXPECT_TRUE(process.wait_for(kRestored));
  EXPECT_TRUE(process.settings_are_restored());
  process.signal(SIGCONT);

  EXPECT_TRUE(process.wait_for("\033[?1049h"));
  EXPECT_TRUE(process.wait_for("q quit"));
  EXPECT_TRUE(process.is_raw());
  process.type("q");
  EXPECT_EQ(process.wait(), 0);
  expect_restored(process);
}

TEST_F(TopProcessTest, TriesAgainWhenTheJobIsGone) {
  TerminalProcess process({"top", address_}, 120, 40);
  ASSERT_TRUE(process.wait_for("q quit"));

  job_.reset();
  EXPECT_TRUE(process.wait_for("has ended or cannot be reached"));
  EXPECT_TRUE(process.wait_for("contrastive_loss")) << "what was seen last stays";
  serve(address_);
  EXPECT_TRUE(process.wait_for("running\033[0m  step"));

  process.type("q");
  EXPECT_EQ(process.wait(), 0);
}

TEST_F(TopProcessTest, WithoutATerminalItPrintsOnce) {
  const Finished done = arno({"top", address_});

  EXPECT_EQ(done.code, 0) << done.text;
  EXPECT_THAT(done.text, AllOf(StartsWith(" florence-nano  running  step 1200/3400"),
                               HasSubstr("\n evaluate evaluator"), HasSubstr("event 30\n"),
                               Not(HasSubstr("\033"))));
}

TEST_F(TopProcessTest, SaysInOneLineWhyItCannot) {
  job_.reset();
  const std::string folder = folder_.path().string();
  for (const auto& [job, text] :
       {std::pair<std::string, std::string>{
            address_, "the job has ended or cannot be reached: no answer from " + address_},
        {folder, "found no monitoring.address"},
        {folder + "/nowhere", "found neither a folder nor host:port"},
        {"a\033[31m:b", "expected host:port"}}) {
    const Finished done = arno({"top", job});
    EXPECT_EQ(done.code, 1) << done.text;
    EXPECT_THAT(done.text, AllOf(StartsWith("arno: "), HasSubstr(text), Not(HasSubstr("\033"))));
    EXPECT_EQ(std::count(done.text.begin(), done.text.end(), '\n'), 1) << done.text;
  }
  const auto wrong = [](const HttpRequest&) { return HttpReply{.body = "\033[31m"}; };
  HttpServer other("127.0.0.1:0", {{"/api/state", wrong}});
  EXPECT_THAT(arno({"top", other.address()}).text, HasSubstr("expected that of a job"));
}

using TopJobTest = JobTest;

TEST_F(TopJobTest, ShowsARealJobByItsFolder) {
  const std::string file = job({.monitoring = "linger_s: 600"});
  Process process({"run", file, "--output", path("run")}, path("log"));
  std::string seen;
  EXPECT_TRUE(wait_until(process, [&] {
    seen = arno({"top", path("run"), "--once"}).text;
    return seen.starts_with(" tiny  completed");
  })) << seen;

  EXPECT_THAT(seen, HasSubstr("step 12/12 ████████████████████ 100%"));
  for (const char* text : {"\n tokenize tokenizer ", "\n EDGE ", "read.samples → decode",
                           " checkpoint step 12", " end        completed"}) {
    EXPECT_THAT(seen, HasSubstr(text));
  }
  process.signal(SIGINT);
  EXPECT_EQ(process.wait().code, 0);
}

}  // namespace
}  // namespace arno::cli

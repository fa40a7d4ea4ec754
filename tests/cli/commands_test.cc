// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/cli/job_fixture.h"

namespace arno::cli {
namespace {

using ::testing::HasSubstr;

using CommandsTest = JobTest;

/// What a server on this machine answers; "" when it does not.
std::string get_metrics(uint16_t port) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  const std::string request =
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      send(connection, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char part[4096];
    for (ssize_t got = 0; (got = recv(connection, part, sizeof part, 0)) > 0;) {
      answer.append(part, static_cast<size_t>(got));
    }
  }
  close(connection);
  return answer;
}

TEST_F(CommandsTest, DryRunPrintsThePlanAndDoesNothing) {
  const Finished dry = arno({"run", job(), "--dry-run"});

  EXPECT_EQ(dry.code, 0) << dry.text;
  EXPECT_THAT(dry.text, HasSubstr("# At most"));
  EXPECT_FALSE(std::filesystem::exists(path("run")));
}

TEST_F(CommandsTest, AJobEvaluatesWhatItTrained) {
  const Finished done = run(job(), "run");

  EXPECT_EQ(done.code, 0) << done.text;
  EXPECT_THAT(log("run"), HasSubstr("\"tiny/t2i@10\":"));
}

TEST_F(CommandsTest, KeyNewMakesAFolderOnce) {
  const Finished made = arno({"key", "new", "--out", path("key")});
  EXPECT_EQ(made.code, 0) << made.text;
  EXPECT_THAT(made.text, HasSubstr("copy the folder to every node"));
  EXPECT_THAT(io::read_text(path("key/tls.crt")), HasSubstr("BEGIN CERTIFICATE"));

  const Finished again = arno({"key", "new", "--out", path("key")});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.text, HasSubstr("File exists"));
}

TEST_F(CommandsTest, CheckListsEveryProblem) {
  struct Case {
    const char* good;
    const char* wrong;
    const char* key;
  };
  const std::vector<Case> cases{
      {"seed: 3", "seed: three", "seed"},
      {"job: tiny", "jobb: tiny", "jobb"},
      {"batch_size: 8", "batch_size: 0", "training.batch_size"},
      {"resolution: 32", "resolution: 3", "training.stages[0].resolution"},
      {"window: 24", "window: 4", "actors.read.options.window"},
      {"kind: decoder, replicas: 1", "kind: decodr, replicas: 1", "actors.decode.kind"},
      {"flip: 0.5", "flip: 5", "actors.augment.options.flip"},
      {"{kind: batcher}", "{kind: batcher, replicas: 3}", "actors.batch.replicas"},
      {"preset: nano", "preset: giant", "actors.model.options.preset"},
      {"keep: 10", "keep: [10]", "actors.save.options.keep"},
      {"to: decode.samples", "to: decode.sample", "edges[0].to"},
      {"from: model.features", "from: nobody.features", "edges[8].from"},
  };
  const std::string good = io::read_text(job());
  for (const Case& one : cases) {
    std::string text = good;
    text.replace(text.find(one.good), std::string(one.good).size(), one.wrong);
    const auto line = 1 + std::count(text.begin(), text.begin() + text.find(one.wrong), '\n');
    io::write_text(folder_ / "wrong.yaml", text);
    const Finished checked = arno({"check", path("wrong.yaml")});
    EXPECT_EQ(checked.code, 2) << one.wrong;
    EXPECT_THAT(checked.text, HasSubstr(fmt::format("wrong.yaml:{}: {}: ", line, one.key)));
  }
  std::string text = good;
  for (const Case& one : {cases[0], cases[6], cases[9]}) {
    text.replace(text.find(one.good), std::string(one.good).size(), one.wrong);
  }
  io::write_text(folder_ / "wrong.yaml", text);
  const Finished checked = arno({"check", path("wrong.yaml")});
  for (const Case& one : {cases[0], cases[6], cases[9]}) {
    EXPECT_THAT(checked.text, HasSubstr(fmt::format(": {}: ", one.key)));
  }
  for (const char* broken : {"a: [", "", "- 1", "job: *nobody", "job: {a: b"}) {
    io::write_text(folder_ / "wrong.yaml", broken);
    EXPECT_EQ(arno({"check", path("wrong.yaml")}).code, 2) << broken;
  }
}

TEST_F(CommandsTest, MetricsAreServedWhileAJobRuns) {
  const std::string file =
      job({.steps = 100000, .monitoring = "enabled: true, listen: '127.0.0.1:0'"});
  Process process({"run", file, "--output", path("run")}, folder_ / "first.txt");
  ASSERT_TRUE(wait_until(process, [&] { return !log("run").empty(); }));
  const std::string text = io::read_text(folder_ / "first.txt");
  const std::string before = "watch the job at http://127.0.0.1:";
  ASSERT_THAT(text, HasSubstr(before));
  const int port = std::stoi(text.substr(text.find(before) + before.size()));
  const std::string answer = get_metrics(static_cast<uint16_t>(port));
  for (const char* part : {"arno_actor_items_total", "actor=\"decode\"", "arno_train_loss"}) {
    EXPECT_THAT(answer, HasSubstr(part));
  }
}

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <regex>

#include "monitoring/http_server.h"
#include "tests/cli/node_fixture.h"

namespace arno::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(NodeTest, TwoNodesGiveTheCurveOfOneProcess) {
  const Node alpha = start_node("alpha");
  const Node beta = start_node("beta");

  const Finished on_nodes = run(job_on({&alpha, &beta}, 12), "nodes");
  const Finished alone = run(job(), "alone");

  EXPECT_EQ(on_nodes.code, 0) << on_nodes.text;
  EXPECT_EQ(alone.code, 0) << alone.text;
  EXPECT_THAT(on_nodes.text, HasSubstr("node alpha joined"));
  EXPECT_THAT(on_nodes.text, HasSubstr("info  beta/node: joined job tiny."));
  EXPECT_EQ(log("nodes"), log("alone"));
  // The nodes are free again.
  EXPECT_EQ(run(job_on({&beta, &alpha}, 12), "again").code, 0);
  EXPECT_EQ(log("again"), log("alone"));
}

TEST_F(NodeTest, AKilledNodeCostsNoSample) {
  Node alpha = start_node("alpha");
  Node beta = start_node("beta");
  const std::string file_of_job = job_on({&alpha, &beta}, 100'000);
  Process running({"run", file_of_job, "--output", path("run")}, path("run.txt"));
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= 4; })) << running.wait().text;

  alpha.process->signal(SIGKILL);
  const int64_t before = logged_steps("run");
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= before + 8; }))
      << running.wait().text;
  beta.process->signal(SIGKILL);
  const int64_t between = logged_steps("run");
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= between + 8; }))
      << running.wait().text;
  EXPECT_EQ(arno({"stop", path("run")}).code, 0);
  const Finished ended = running.wait();
  EXPECT_EQ(ended.code, 0) << ended.text;
  EXPECT_THAT(ended.text, HasSubstr("node alpha was lost"));

  Process alone({"run", job({.steps = 100'000}), "--output", path("alone")}, path("alone.txt"));
  const int64_t enough = logged_steps("run");
  ASSERT_TRUE(wait_until(alone, [&] { return logged_steps("alone") >= enough; }))
      << alone.wait().text;
  EXPECT_EQ(arno({"stop", path("alone")}).code, 0);
  alone.wait();
  EXPECT_THAT(log("alone"), StartsWith(log("run")));
}

TEST_F(NodeTest, ANodeThatWasLostComesBack) {
  Node alpha = start_node("alpha");
  Process running({"run", job_on({&alpha}, 100'000), "--output", path("run")}, path("run.txt"));
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= 2; })) << running.wait().text;
  alpha.process->signal(SIGKILL);
  ASSERT_TRUE(wait_until(running, [&] {
    return io::read_text(path("run.txt")).find("node alpha was lost") != std::string::npos;
  }));
  const Node again = start_node("alpha");
  io::write_text(path("patch.yaml"),
                 fmt::format("nodes: {{alpha: {{address: '{}'}}}}\n"
                             "actors: {{decode: {{replicas: 4, nodes: [alpha]}}}}\n"
                             "edges: [{{from: decode.rejects, to: read.rejects, capacity: 128}}]\n",
                             again.address));

  const Finished joined = arno({"attach", path("run"), path("patch.yaml")});

  EXPECT_THAT(joined.text, HasSubstr("+ decode[3] (decoder) on node alpha\n"));
  const int64_t before = logged_steps("run");
  EXPECT_TRUE(wait_until(running, [&] { return logged_steps("run") >= before + 40; }))
      << running.wait().text;
  EXPECT_EQ(arno({"stop", path("run")}).code, 0);
  EXPECT_EQ(running.wait().code, 0);
}

TEST_F(NodeTest, ANodeJoinsARunningJob) {
  Process running({"run", job({.steps = 100'000}), "--output", path("run")}, path("run.txt"));
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= 2; })) << running.wait().text;
  Node late = start_node("late");
  io::write_text(path("patch.yaml"),
                 fmt::format("nodes: {{late: {{address: '{}'}}}}\n"
                             "actors: {{decode: {{replicas: 3, nodes: [late]}}}}\n"
                             "edges: [{{from: decode.rejects, to: read.rejects, capacity: 96}}]\n",
                             late.address));

  const Finished joined = arno({"attach", path("run"), path("patch.yaml")});

  EXPECT_EQ(joined.code, 0);
  EXPECT_THAT(joined.text, HasSubstr("+ decode[1] (decoder) on node late\n"));
  const int64_t before = logged_steps("run");
  EXPECT_TRUE(wait_until(running, [&] { return logged_steps("run") >= before + 8; }));
  EXPECT_EQ(arno({"detach", path("run"), "decode[2]"}).code, 0);
  EXPECT_EQ(arno({"detach", path("run"), "decode[1]"}).code, 0);
  EXPECT_EQ(arno({"stop", path("run")}).code, 0);
  EXPECT_EQ(running.wait().code, 0);
}

TEST_F(NodeTest, OnlyWhoHasTheKeyTakesPart) {
  for (const char* key : {"key", "other_key"}) {
    ASSERT_EQ(arno({"key", "new", "--out", path(key)}).code, 0);
  }
  const Node alpha = start_node("alpha", path("key"));

  const Finished with_key = run(job_on({&alpha}, 12, path("key")), "with_key");
  EXPECT_EQ(with_key.code, 0) << with_key.text;
  const Finished without = run(job_on({&alpha}, 12), "without");
  EXPECT_EQ(without.code, 1);
  EXPECT_THAT(without.text, HasSubstr("node alpha: nobody answers at " + alpha.address +
                                      " without a key: what listens there has one, or is"));
  const Finished other = run(job_on({&alpha}, 12, path("other_key")), "other");
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.text, HasSubstr("node alpha: nobody answers at " + alpha.address +
                                    " with this key: what listens there has another one, or"));

  EXPECT_EQ(run(job(), "alone").code, 0);
  EXPECT_EQ(log("with_key"), log("alone"));

  Process running({"run", job_on({&alpha}, 100'000, path("key")), "--output", path("asked")},
                  path("asked.txt"));
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("asked") >= 2; }))
      << running.wait().text;
  EXPECT_EQ(arno({"status", path("asked")}).code, 1);
  const Finished status = arno({"status", path("asked"), "--key", path("key")});
  EXPECT_EQ(status.code, 0);
  EXPECT_THAT(status.text, HasSubstr("decode"));
  EXPECT_EQ(arno({"stop", path("asked"), "--key", path("key")}).code, 0);
  EXPECT_EQ(running.wait().code, 0);
}

TEST_F(NodeTest, PrometheusFindsTheNode) {
  const Node alpha = start_node("alpha");
  std::string text = io::read_text(job_on({&alpha}, 100'000));
  const std::string off = "monitoring: {enabled: false}";
  text.replace(text.find(off), off.size(), "monitoring: {listen: '127.0.0.1:0'}");
  io::write_text(path("served.yaml"), text);
  Process running({"run", path("served.yaml"), "--output", path("run")}, path("run.txt"));
  const auto get = [&](const std::string& where, const std::string& what) {
    return monitoring::http_get(where, what).body;
  };
  std::string found;
  ASSERT_TRUE(wait_until(running, [&] {
    if (logged_steps("run") < 2) return false;
    found = get(file("run", "monitoring.address"), "/service-discovery");
    return found.find("alpha") != std::string::npos;
  })) << running.wait().text;

  const std::regex target(R"re("node":"alpha"\},"targets":\["([^"]+)")re");
  std::smatch match;
  ASSERT_TRUE(std::regex_search(found, match, target)) << found;
  EXPECT_THAT(get(match[1], "/metrics"),
              HasSubstr("arno_actor_items_total{node=\"alpha\",actor=\"decode\""));
  EXPECT_THAT(get(file("run", "monitoring.address"), "/metrics"), HasSubstr("phase=\"allreduce\""));
  EXPECT_EQ(arno({"stop", path("run")}).code, 0);
  EXPECT_EQ(running.wait().code, 0);
}

TEST_F(NodeTest, ANodeThatIsNotThereIsOneLine) {
  const Node nowhere{.name = "nowhere", .process = nullptr, .address = "127.0.0.1:1", .output = ""};

  const Finished finished = run(job_on({&nowhere}, 12), "run");

  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.text, HasSubstr("node nowhere: nobody answers at 127.0.0.1:1"));
}

TEST_F(NodeTest, ANodeThatNobodyCouldUseDoesNotStart) {
  const Node alpha = start_node("alpha");
  struct Case {
    std::vector<std::string> args;
    int code;
    std::string text;
  };
  const std::vector<Case> cases{
      {{"--name", "al pha"}, 2, "found the node name \"al pha\", expected a letter, then"},
      {{"--name", "local"}, 2, "found the node name \"local\", expected another one"},
      {{"--name", "beta", "--payload", "127.0.0.1:*"},
       2,
       "found the payload address \"127.0.0.1:*\", expected tcp://host:port"},
      {{"--name", "beta", "--listen", alpha.address},
       1,
       "cannot listen on " + alpha.address + " for control: it is taken, or"}};
  for (const Case& one : cases) {
    std::vector<std::string> args = one.args;
    args.insert(args.begin(), "node");
    const Finished finished = arno(args);
    EXPECT_EQ(finished.code, one.code) << finished.text;
    EXPECT_EQ(finished.text.rfind("arno: " + one.text, 0), 0u) << finished.text;
    EXPECT_EQ(std::ranges::count(finished.text, '\n'), 1) << finished.text;
  }
}

TEST_F(NodeTest, ANodeOfAnotherNameIsRefused) {
  Node alpha = start_node("alpha");
  alpha.name = "gamma";

  const Finished finished = run(job_on({&alpha}, 12), "run");

  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.text,
              HasSubstr("node gamma: this node is alpha, the job file calls it gamma"));
}

}  // namespace
}  // namespace arno::cli

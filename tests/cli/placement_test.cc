// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>
#include <regex>

#include "tests/cli/node_fixture.h"

namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// Jobs whose actors say what they need.
class PlacementTest : public NodeTest {
 protected:
  Node start(const std::string& name, const std::string& resources) {
    return start_node(name, {"--resources", resources}, {});
  }
  /// "alpha: {address: ...}".
  static std::string entry(const Node& node, const std::string& more = "") {
    return fmt::format("{}: {{address: '{}'{}}}", node.name, node.address, more);
  }
  /// A job file with these nodes, where actors of some kinds say more.
  std::string placed(const std::string& job_file, const std::string& nodes,
                     const std::vector<std::pair<std::string, std::string>>& more_of_kind) {
    std::string text = io::read_text(job_file);
    text.insert(text.find("actors:"), fmt::format("nodes: {{{}}}\n", nodes));
    for (const auto& [kind, more] : more_of_kind) {
      const std::string named = "kind: " + kind;
      const size_t end = text.find(named) + named.size();
      text.insert(end, (text[end] == ',' || text[end] == '}' ? ", " : "\n    ") + more);
    }
    const std::string name = path(fmt::format("placed{}.yaml", jobs_++));
    io::write_text(name, text);
    return name;
  }
};

TEST_F(PlacementTest, NodesThatHaveWhatIsNeededGiveTheCurveOfOneProcess) {
  const Node alpha = start("alpha", "cpu=2,gpu=0");
  const Node beta = start("beta", "cpu=1");
  const std::string nodes = entry(alpha) + ", " + entry(beta, ", resources: {cpu: 1}");
  const std::string job_file =
      placed(job({.replicas = 3}), nodes,
             {{"decoder", "nodes: [alpha, beta], needs: {cpu: 1}"},
              {"augmenter", "nodes: [local, beta], place: spread, per_node: 2"}});

  const Finished on_nodes = run(job_file, "nodes");
  const Finished alone = run(job(), "alone");

  EXPECT_EQ(on_nodes.code, 0) << on_nodes.text;
  EXPECT_THAT(on_nodes.text, HasSubstr("placement: alpha: cpu 2 of 2, gpu 0 of 0; decode[0], "
                                       "decode[2]\n"));
  EXPECT_THAT(on_nodes.text, ContainsRegex("placement: beta: cpu 1 of 1, gpu [0-9]+ of [0-9]+; "
                                           "decode\\[1\\], augment\\[1\\]\n"));
  EXPECT_EQ(log("nodes"), log("alone"));
  EXPECT_EQ(run(path("nodes/job.yaml"), "nodes", /*resume=*/true).code, 0);
}

TEST_F(PlacementTest, TooLittleIsOneLine) {
  const Node alpha = start("alpha", "cpu=2");
  const std::string job_file =
      placed(job({.replicas = 3}), entry(alpha), {{"decoder", "nodes: [alpha], needs: {cpu: 1}"}});

  // Without the nodes the file may be right.
  const Finished checked = arno({"check", job_file});
  EXPECT_EQ(checked.code, 0) << checked.text;
  EXPECT_THAT(checked.text, HasSubstr("#   alpha: cpu 3 of ?; decode[0], decode[1], decode[2]\n"));
  for (const Finished& refused : {arno({"check", "--nodes", job_file}), run(job_file, "run")}) {
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(
        refused.text,
        HasSubstr("actors.decode.needs: found no node for replica 2 of 3, expected one with "
                  "cpu=1 left: alpha has cpu=0 of 2 left\n"));
  }
  const Finished other = run(placed(job(), entry(alpha, ", resources: {cpu: 8}"),
                                    {{"decoder", "nodes: [alpha], needs: {cpu: 1}"}}),
                             "run");
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.text, HasSubstr("the job is planned for cpu=8 there"));
  const Finished option = arno({"node", "--name", "gamma", "--resources", "cpu=many"});
  EXPECT_EQ(option.code, 2);
  EXPECT_THAT(option.text, HasSubstr("--resources: found cpu=many, expected a count from 0"));
}

TEST_F(PlacementTest, AfterALossThoseGoOnThatHaveRoom) {
  Node alpha = start("alpha", "cpu=2");
  const std::string job_file =
      placed(job({.steps = 100'000, .replicas = 3}),
             "local: {resources: {cpu: 2}}, " + entry(alpha), {{"decoder", "needs: {cpu: 1}"}});
  Process running({"run", job_file, "--output", path("run")}, path("run.txt"));
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= 2; })) << running.wait().text;
  wait_for_status(
      running, "run",
      ContainsRegex("\n alpha +127.0.0.1:[0-9]+ +alive +cpu 1/2, gpu [0-9]+/[0-9]+ +1 +1 "
                    "+decode\\[1\\]"));
  io::write_text(path("patch.yaml"),
                 "actors: {decode: {replicas: 4}}\n"
                 "edges: [{from: decode.rejects, to: read.rejects, capacity: 128}]\n");
  const Finished attached = arno({"attach", path("run"), path("patch.yaml")});
  EXPECT_THAT(attached.text, HasSubstr("+ decode[3] (decoder) on node alpha\n"));

  alpha.process->signal(SIGKILL);

  ASSERT_TRUE(wait_until(running, [&] {
    return io::read_text(path("run.txt")).find("decode goes on with 2 of 4") != std::string::npos;
  })) << running.wait().text;
  const int64_t before = logged_steps("run");
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= before + 8; }))
      << running.wait().text;
  wait_for_status(running, "run",
                  AllOf(ContainsRegex("\n alpha +127.0.0.1:[0-9]+ +lost [0-9]+s ago: "),
                        HasSubstr(" decode[0], decode[2], ")));
  EXPECT_THAT(log("run") + io::read_text(path("run.txt")), Not(HasSubstr("leaves when it is")));
  const Finished refused = arno({"attach", path("run"), path("patch.yaml")});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.text, HasSubstr("expected one with cpu=1 left: local has cpu=0 of 2 left"));
  EXPECT_EQ(arno({"stop", path("run")}).code, 0);
  EXPECT_EQ(running.wait().code, 0);
}

TEST_F(PlacementTest, ReplicasOfTheModelTakeTheirPartsAlong) {
  Node alpha = start("alpha", "cpu=2");
  const TinyJob two{.steps = 100'000, .model_replicas = 2};
  const std::string job_file = placed(job(two), "local: {resources: {cpu: 2}}, " + entry(alpha),
                                      {{"model_shard", "needs: {cpu: 2}"}});
  EXPECT_THAT(arno({"check", job_file}).text,
              ContainsRegex("alpha: cpu 2 of \\?; reduce\\[1\\], model\\[1\\], loss\\[1\\]\n"));
  Process running({"run", job_file, "--output", path("run")}, path("run.txt"));
  ASSERT_TRUE(wait_until(running, [&] { return logged_steps("run") >= 2; })) << running.wait().text;

  alpha.process->signal(SIGKILL);

  const Finished ended = running.wait();
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.text, HasSubstr("found no node for replica 1 of 2, expected one with cpu=2 "
                                    "left: local has cpu=0 of 2 left"));
  EXPECT_GE(logged_steps("run"), 2);
}

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/node_fixture.h"

#include <fmt/format.h>

#include <regex>

namespace arno::cli {

NodeTest::Node NodeTest::start_node(const std::string& name, const std::string& key) {
  const std::string out = path(fmt::format("node{}.txt", nodes_++));
  std::vector<std::string> args{"node", "--name", name};
  if (!key.empty()) args.insert(args.end(), {"--key", key});
  Node node{name, std::make_unique<Process>(args, out), ""};
  std::smatch found;
  std::string text;
  EXPECT_TRUE(wait_until(*node.process, [&] {
    text = io::read_text(out);
    return std::regex_search(text, found, std::regex("listens on (\\S+), metrics"));
  })) << node.process->wait().text;
  if (!found.empty()) node.address = found[1];
  return node;
}

std::string NodeTest::on_nodes(const std::string& job_file, const std::vector<const Node*>& nodes,
                               const std::vector<std::string>& kinds, const std::string& key) {
  std::string text = io::read_text(job_file);
  std::string names, entries;
  for (const Node* node : nodes) {
    entries += fmt::format("{}{}: {{address: '{}'}}", entries.empty() ? "" : ", ", node->name,
                           node->address);
    names += ", " + node->name;
  }
  text.insert(text.find("actors:"),
              fmt::format("nodes: {{{}}}\n{}", entries,
                          key.empty() ? "" : "control: {key: '" + key + "'}\n"));
  for (const std::string& kind : kinds) {
    const std::string named = "kind: " + kind;
    const size_t end = text.find(named) + named.size();
    text.insert(end, fmt::format("{}nodes: [local{}]", text[end] == ',' ? ", " : "\n    ", names));
  }
  const std::string name = path(fmt::format("on_nodes{}.yaml", jobs_++));
  io::write_text(name, text);
  return name;
}

std::string NodeTest::job_on(const std::vector<const Node*>& nodes, int steps,
                             const std::string& key) {
  return on_nodes(job({.steps = steps, .replicas = 3}), nodes, {"decoder", "augmenter"}, key);
}

std::unique_ptr<Process> NodeTest::start(const std::string& job_file, const std::string& output) {
  return std::make_unique<Process>(
      std::vector<std::string>{"run", job_file, "--output", path(output)}, path(output + ".txt"));
}

void NodeTest::go_on(Process& process, const std::string& output, int64_t steps_more) {
  const int64_t wanted = logged_steps(output) + steps_more;
  ASSERT_TRUE(wait_until(process, [&] { return logged_steps(output) >= wanted; }))
      << process.wait().text;
}

void NodeTest::stop(Process& process, const std::string& output) {
  EXPECT_EQ(arno({"stop", path(output)}).code, 0);
  const Finished ended = process.wait();
  EXPECT_EQ(ended.code, 0) << ended.text;
}

void NodeTest::expect_curve_of(const std::string& output, const std::string& job_file) {
  const std::string other = output + "_undisturbed";
  const auto process = start(job_file, other);
  go_on(*process, other, logged_steps(output));
  stop(*process, other);
  const std::vector<std::string> found = step_lines(output);
  std::vector<std::string> expected = step_lines(other);
  ASSERT_GE(expected.size(), found.size());
  expected.resize(found.size());
  EXPECT_EQ(found, expected);
}

void NodeTest::expect_near_losses(const std::string& output, const std::string& other) const {
  const std::vector<double> found = losses(output);
  const std::vector<double> expected = losses(other);
  ASSERT_LE(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 1e-4 * expected[i]) << "step " << i + 1;
  }
}

}  // namespace arno::cli

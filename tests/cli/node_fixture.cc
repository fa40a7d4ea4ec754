// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/node_fixture.h"

#include <fmt/format.h>

#include <regex>

namespace arno::cli {

NodeTest::Node NodeTest::start_node(const std::string& name, const std::string& key) {
  std::vector<std::string> words;
  if (!key.empty()) words = {"--key", key};
  return start_node(name, words, {});
}

NodeTest::Node NodeTest::start_node(const std::string& name, std::vector<std::string> words,
                                    const ProcessOptions& options) {
  const std::string out = path(fmt::format("node{}.txt", nodes_++));
  words.insert(words.begin(), {"node", "--name", name});
  Node node{name, std::make_unique<Process>(words, out, options), "", out};
  EXPECT_TRUE(wait_until(*node.process, [&] {
    node.address = address_in(out);
    return !node.address.empty();
  })) << node.process->wait().text;
  return node;
}

std::string NodeTest::address_in(const std::string& output) {
  const std::string text = io::read_text(output);
  std::smatch found;
  return std::regex_search(text, found, std::regex("listens on (\\S+), metrics")) ? found[1].str()
                                                                                  : "";
}

void NodeTest::wait_for(Node& node, const std::string& text) {
  EXPECT_TRUE(wait_until(*node.process, [&] {
    return io::read_text(node.output).find(text) != std::string::npos;
  })) << node.process->wait().text;
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
  std::string control;
  if (!key.empty()) control += fmt::format("key: '{}', ", key);
  if (!payload_.empty()) control += fmt::format("payload: '{}'", payload_);
  text.insert(text.find("actors:"),
              fmt::format("nodes: {{{}}}\ncontrol: {{{}}}\n", entries, control));
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

void NodeTest::expect_near_losses(const std::string& output, const std::string& other) const {
  const std::vector<double> found = losses(output);
  const std::vector<double> expected = losses(other);
  ASSERT_LE(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 1e-4 * expected[i]) << "step " << i + 1;
  }
}

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/network_fixture.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

namespace arno::cli {

void NetworkTest::SetUp() {
  const std::string missing = testing::Network::missing();
  if (!missing.empty()) GTEST_SKIP() << missing;
  const char* const given = std::getenv("ARNO_NETWORK_SEED");
  const uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
  fmt::print("seed {}\n", seed);
  network_ = std::make_unique<testing::Network>(seed);
  home_ = network_->add_host();
  here_.network = home_.network;
  payload_ = fmt::format("tcp://{}:*", home_.address);
}

NodeTest::Node NetworkTest::start_node(const std::string& name, const testing::Host& host,
                                       const std::string& key) {
  std::vector<std::string> words{"--listen", host.address + ":0", "--payload",
                                 fmt::format("tcp://{}:*", host.address)};
  if (!key.empty()) words.insert(words.end(), {"--key", key});
  return NodeTest::start_node(name, words, {.network = host.network});
}

std::string NetworkTest::decoder_on(const Node& node) {
  return fmt::format(
      "nodes: {{{0}: {{address: '{1}'}}}}\n"
      "actors: {{decode: {{replicas: 4, nodes: [{0}]}}}}\n"
      "edges: [{{from: decode.rejects, to: read.rejects, capacity: 128}}]\n",
      node.name, node.address);
}

std::string NetworkTest::replicas_on(const std::vector<const Node*>& nodes, TinyJob tiny,
                                     const std::string& key) {
  const std::string file =
      on_nodes(job(tiny), nodes, {"model_shard", "contrastive_loss", "gradient_allreduce"}, key);
  std::string text = io::read_text(file);
  const std::string kind = "kind: gradient_allreduce";
  text.insert(text.find(kind) + kind.size(), ", options: {plain_network: true}");
  io::write_text(file, text);
  return file;
}

void NetworkTest::wait_for_loss(Running& job, const std::string& text) {
  const auto begin = std::chrono::steady_clock::now();
  wait_for(job, text);
  const std::chrono::duration<double> silence = std::chrono::steady_clock::now() - begin;
  fmt::print("lost after {:.2f} s\n", silence.count());
}

std::string NetworkTest::said(const Running& job) const {
  return io::read_text(folder_ / (job.output + ".txt"));
}

}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "common/random.h"
#include "monitoring/http_server.h"
#include "tests/cli/cut_job.h"
#include "tests/cli/node_fixture.h"

// A job on four nodes to which something happens every few steps, drawn from a seed. To draw
// another: ARNO_CHAOS_SEED=7 arno_cli_test --gtest_filter='*ChaosTest.*'
namespace arno::cli {
namespace {

constexpr int64_t kMostDecoders = 8;

/// What runs on the nodes.
struct Scenario {
  std::string name;
  TinyJob tiny;
  std::vector<std::string> kinds;
  /// Of the image tower: its shards move to the next node whenever theirs is lost.
  std::optional<Cut> cut{};

  TinyJob undisturbed() const { return cut ? whole_job(tiny, *cut) : tiny; }
  /// Whether nothing is lost but what brings samples.
  bool keeps_its_state() const { return tiny.model_replicas == 1 && !cut; }
};

class ChaosTest : public NodeTest, public ::testing::WithParamInterface<Scenario> {
 protected:
  ChaosTest() : random_(RandomKey(seed()).child(11)) {}

  static uint64_t seed() {
    const char* const given = std::getenv("ARNO_CHAOS_SEED");
    return given ? std::strtoull(given, nullptr, 10) : 1;
  }
  int64_t draw(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(random_.below(static_cast<uint64_t>(to - from + 1)));
  }

  /// Does something to the job.
  void disturb() {
    switch (draw(0, 6)) {
      case 0:
        return end(SIGKILL, "kill -9");
      case 1:
        return end(SIGSTOP, "SIGSTOP");
      case 2:
        return come_back();
      case 3:
        return attach(draw_node());
      case 4:
        return detach();
      case 5:
        return pause();
      default:
        return change_credit();
    }
  }

  Node& draw_node() { return nodes_here_[static_cast<size_t>(draw(0, 3))]; }

  void note(const std::string& what, const Finished& finished) {
    done_ += finished.code == 0 ? 1 : 0;
    fmt::print("step {}: {}{}\n", logged_steps("run"), what,
               finished.code == 0 ? "" : " (refused)");
  }

  void end(int signal, const std::string& what) {
    Node& node = draw_node();
    if (!node.process) return;
    node.process->signal(signal);
    fmt::print("step {}: {} of {}\n", logged_steps("run"), what, node.name);
    ++done_;
    // A process that is stopped for good is kept, so that it stays silent.
    if (signal == SIGSTOP) silent_.push_back(std::move(node.process));
    node.process.reset();
  }

  /// A node is away for less or more than the time after which it is lost.
  void pause() {
    Node& node = draw_node();
    if (!node.process) return;
    node.process->signal(SIGSTOP);
    const int64_t until = logged_steps("run") + draw(1, 4);
    wait_until(*job_, [&] { return logged_steps("run") >= until; });
    node.process->signal(SIGCONT);
    fmt::print("step {}: {} was paused\n", logged_steps("run"), node.name);
    ++done_;
  }

  void come_back() {
    const auto gone = std::ranges::find_if(nodes_here_, [](const Node& n) { return !n.process; });
    if (gone == nodes_here_.end()) return;
    *gone = start_node(gone->name);
    attach(*gone);
  }

  void attach(Node& node) {
    if (!node.process || decoders_ >= kMostDecoders) return;
    io::write_text(
        path("patch.yaml"),
        fmt::format("nodes: {{{0}: {{address: '{1}'}}}}\n"
                    "actors: {{decode: {{replicas: {2}, nodes: [{0}]}}}}\n"
                    "edges: [{{from: decode.rejects, to: read.rejects, capacity: {3}}}]\n",
                    node.name, node.address, decoders_ + 1,
                    3 * GetParam().tiny.batch_size * (decoders_ + 1)));
    const Finished finished = arno({"attach", path("run"), path("patch.yaml")});
    if (finished.code == 0) ++decoders_;
    note("attach a decoder on " + node.name, finished);
  }

  void detach() {
    if (decoders_ < 3) return;
    const std::string last = fmt::format("decode[{}]", decoders_ - 1);
    const Finished finished = arno({"detach", path("run"), last});
    if (finished.code == 0) --decoders_;
    note("detach " + last, finished);
  }

  void change_credit() {
    const std::string credit = fmt::to_string(draw(64, 256));
    note("credit " + credit,
         arno({"edge", path("run"), "decode.images->augment.images", "--credit", credit}));
  }

  static int count_of(const std::string& what, const std::string& text) {
    int count = 0;
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++count;
    return count;
  }

  /// The sum of a counter over its labels, where they hold a text.
  static double counted(const std::string& metrics, const std::string& name,
                        const std::string& label = "") {
    double sum = 0;
    std::istringstream lines(metrics);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name) && line.find(label) != std::string::npos)
        sum += std::stod(line.substr(line.rfind(' ')));
    }
    return sum;
  }

  /// What the batcher has had is each sample of the job, and those that came again.
  void expect_each_sample_once() {
    const std::string metrics =
        monitoring::http_get(file("run", "monitoring.address"), "/metrics").body;
    const double again = counted(metrics, "arno_repeated_samples_total");
    const double had = counted(metrics, "arno_edge_items_total", "tokenize.tokenized->");
    fmt::print("{} samples came again and were left out\n", again);
    const TinyJob& tiny = GetParam().tiny;
    EXPECT_EQ(had - again, tiny.steps * tiny.batch_size) << "seed " << seed();
  }

  Random random_;
  std::vector<Node> nodes_here_;
  std::vector<std::unique_ptr<Process>> silent_;
  std::unique_ptr<Process> job_;
  int64_t decoders_ = 5;
  int done_ = 0;  ///< disturbances that took place
};

TEST_P(ChaosTest, TheCurveIsThatOfTheUndisturbedRun) {
  fmt::print("seed {}\n", seed());
  for (const char* name : {"alpha", "beta", "gamma", "delta"}) {
    nodes_here_.push_back(start_node(name));
  }
  std::vector<const Node*> all;
  for (const Node& node : nodes_here_) all.push_back(&node);
  TinyJob tiny = GetParam().tiny;
  if (GetParam().cut) tiny = cut_job(tiny, *GetParam().cut, trainer_options(tiny));
  // It can be asked for its counters a while after its end.
  tiny.monitoring = "listen: '127.0.0.1:0', linger_s: 3";
  const std::string disturbed = on_nodes(job(tiny), all, GetParam().kinds);
  job_ = std::make_unique<Process>(
      std::vector<std::string>{"run", disturbed, "--output", path("run")}, path("run.txt"));

  for (int64_t next = 4; next < tiny.steps - 10; next = logged_steps("run") + draw(3, 8)) {
    if (!wait_until(*job_, [&] { return logged_steps("run") >= next; })) break;
    disturb();
  }
  const std::string last = fmt::format("checkpoints/step-{:08}", tiny.steps);
  const auto at_work = folder_.path() / "run/control.address";
  wait_until(*job_, [&] { return !std::filesystem::exists(at_work); });
  if (job_->running() && GetParam().keeps_its_state()) expect_each_sample_once();
  const Finished finished = job_->wait();

  ASSERT_EQ(finished.code, 0) << "seed " << seed() << "\n" << finished.text;
  fmt::print("{} disturbances, {} returns to a commit\n", done_,
             count_of(": back to step", finished.text));
  EXPECT_GE(done_, tiny.steps / 20);
  ASSERT_EQ(run(job(GetParam().undisturbed()), "alone").code, 0);
  EXPECT_EQ(step_lines("run"), step_lines("alone")) << "seed " << seed();
  EXPECT_EQ(file("run", last + "/weights.safetensors"),
            file("alone", last + "/weights.safetensors"))
      << "seed " << seed();
}

INSTANTIATE_TEST_SUITE_P(
    Node, ChaosTest,
    ::testing::Values(
        Scenario{"Decoders",
                 {.steps = 200, .batch_size = 64, .replicas = 5, .checkpoint_every = 50},
                 {"decoder", "augmenter"}},
        Scenario{"Replicas",
                 {.steps = 120,
                  .batch_size = 48,
                  .replicas = 5,
                  .checkpoint_every = 40,
                  .model_replicas = 3},
                 {"decoder", "augmenter", "model_shard", "contrastive_loss", "gradient_allreduce"}},
        Scenario{"Pipeline",
                 {.steps = 120, .batch_size = 48, .replicas = 5, .checkpoint_every = 10},
                 {"decoder", "augmenter"},
                 Cut{.image = {1, 3},
                     .training = "micro_batch: 16",
                     .nodes = {"alpha, beta, gamma, delta", "beta, gamma, delta, alpha"}}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/job_fixture.h"

#include <fmt/format.h>
#include <poll.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace arno::cli {

JobTest::JobTest() {
  testing::write_tiny_shard(folder_ / "a.tar", testing::tiny_texts(30));
  testing::write_tiny_shard(folder_ / "b.tar", testing::tiny_texts(30));
  const Finished bpe = arno({"data", "train-bpe", path("a.tar"), path("b.tar"), "--out",
                             path("bpe"), "--vocab-size", "540"});
  EXPECT_EQ(bpe.code, 0) << bpe.text;
}

Finished JobTest::arno(const std::vector<std::string>& args, int64_t file_kib) {
  ProcessOptions options = here_;
  options.file_kib = file_kib;
  return Process(args, folder_ / "output.txt", options).wait();
}

std::string JobTest::group_actor(const TinyJob& tiny) {
  if (tiny.model_replicas == 1) return "";
  return fmt::format("  reduce: {{kind: gradient_allreduce, replicas: {}}}\n", tiny.model_replicas);
}

std::string JobTest::group_edges(const TinyJob& tiny) {
  if (tiny.model_replicas == 1) return "";
  return fmt::format(R"(  - {{from: reduce.gradients, to: model.group, capacity: {0}}}
  - {{from: reduce.features, to: loss.group, capacity: {0}}}
)",
                     tiny.model_replicas);
}

std::string JobTest::trainer_options(const TinyJob& tiny) {
  return fmt::format(
      "preset: nano, text_width: 16, text_heads: 2, text_layers: 1, context_length: 16,\n"
      "              vocab_size: 540, projection_dim: {}",
      tiny.projection);
}

std::string JobTest::job(const TinyJob& tiny) {
  const std::string shards =
      tiny.shards.empty() ? fmt::format("['{}', '{}']", path("a.tar"), path("b.tar")) : tiny.shards;
  const std::string stages =
      tiny.stages.empty()
          ? fmt::format("[{{steps: {}, resolution: 32, peak_lr: 1.0e-3}}]", tiny.steps)
          : tiny.stages;
  const int window = 3 * tiny.batch_size;
  const int models = tiny.model_replicas;
  const std::string text = fmt::format(
      R"(job: tiny
output: {}
seed: 3
training:
  batch_size: {}
  stages: {}
monitoring: {{{}}}
actors:
  read:
    kind: shard_reader
    options:
      window: {}
      max_bad_share: 0.5
      sources: [{{name: tiny, shards: {}}}]
  decode: {{kind: decoder, replicas: {}}}
  augment: {{kind: augmenter, replicas: {}, options: {{flip: 0.5, brightness: 0.2}}}}
  prompt: {{kind: prompt_sampler}}
  tokenize: {{kind: tokenizer, options: {{vocabulary: '{}', context_length: 16}}}}
  batch: {{kind: batcher}}
  model:
    kind: model_shard
    replicas: {}
    options: {{{}, checkpoint_every: {}, threads: 1{}}}
  loss: {{kind: contrastive_loss, replicas: {}}}
{}{}  save: {{kind: checkpointer, options: {{keep: 10}}}}
  evaluate:
    kind: evaluator
    options: {{vocabulary: '{}', tasks: [{{name: tiny, protocol: retrieval, shards: ['{}']}}]}}
edges:
  - {{from: read.samples, to: decode.samples, capacity: 8}}
  - {{from: decode.images, to: augment.images, capacity: 32}}
  - {{from: decode.rejects, to: read.rejects, capacity: {}}}
  - {{from: augment.augmented, to: prompt.samples, capacity: 8}}
  - {{from: prompt.prompted, to: tokenize.samples, capacity: 8}}
  - {{from: tokenize.tokenized, to: batch.samples, capacity: 8}}
  - {{from: batch.delivered, to: read.delivered, capacity: {}}}
  - {{from: batch.batches, to: model.batches, capacity: {}}}
  - {{from: model.features, to: loss.features, capacity: {}}}
  - {{from: loss.gradients, to: model.gradients, capacity: {}}}
  - {{from: model.snapshots, to: save.snapshots, capacity: {}}}
  - {{from: model.evaluations, to: evaluate.snapshots, capacity: {}}}
{}{})",
      path("run"), tiny.batch_size, stages, tiny.monitoring, window, shards, tiny.replicas,
      tiny.replicas, path("bpe"), models, trainer_options(tiny), tiny.checkpoint_every,
      tiny.model_options.empty() ? "" : ", " + tiny.model_options, models, group_actor(tiny),
      tiny.more_actors, path("bpe"), path("a.tar"), window * tiny.replicas, window, models, models,
      models, models, models, group_edges(tiny), tiny.more_edges);
  const std::string name = path(fmt::format("job{}.yaml", jobs_++));
  io::write_text(name, text);
  return name;
}

Finished JobTest::run(const std::string& job_file, const std::string& output, bool resume) {
  std::vector<std::string> args{"run", job_file, "--output", path(output)};
  if (resume) args.emplace_back("--resume");
  return arno(args);
}

std::string JobTest::train_on(const std::string& output, int steps) {
  std::string text = file(output, "job.yaml");
  const std::string had = "steps: 4\n";
  const size_t at = text.find(had);
  EXPECT_NE(at, std::string::npos) << text;
  if (at != std::string::npos) text.replace(at, had.size(), fmt::format("steps: {}\n", steps));
  io::write_text(folder_ / output / "job.yaml", text);
  return path(output) + "/job.yaml";
}

std::string JobTest::file(const std::string& output, const std::string& name) const {
  return io::read_text(folder_.path() / output / name);
}

std::vector<std::string> JobTest::log_lines(const std::string& output) const {
  std::vector<std::string> out;
  std::istringstream lines(log(output));
  for (std::string line; std::getline(lines, line);) out.push_back(line);
  return out;
}

std::vector<std::string> JobTest::step_lines(const std::string& output) const {
  std::vector<std::string> out = log_lines(output);
  std::erase_if(
      out, [](const std::string& line) { return line.find("\"stage\":") == std::string::npos; });
  return out;
}

int64_t JobTest::logged_steps(const std::string& output) const {
  return static_cast<int64_t>(step_lines(output).size());
}

std::vector<double> JobTest::losses(const std::string& output) const {
  std::vector<double> out;
  for (const std::string& line : log_lines(output)) {
    const auto event = nlohmann::json::parse(line);
    if (event.contains("loss")) out.push_back(event["loss"]);
  }
  return out;
}

bool JobTest::wait_until(Process& process, const std::function<bool()>& condition) {
  while (process.running()) {
    if (condition()) return true;
    poll(nullptr, 0, 5);
  }
  return condition();
}

void JobTest::wait_for_status(Process& process, const std::string& output,
                              const ::testing::Matcher<std::string>& wanted) {
  std::string seen;
  const bool found = wait_until(process, [&] {
    seen = arno({"status", path(output)}).text;
    return wanted.Matches(seen);
  });
  EXPECT_TRUE(found) << seen << process.wait().text;
}

}  // namespace arno::cli

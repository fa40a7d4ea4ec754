// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "tests/cli/cut_job.h"
#include "tests/cli/node_fixture.h"
#include "tests/support/trace_file.h"

// Towers cut into shards: whatever the cut, the steps are those of the whole model, bit by bit.
namespace arno::cli {
namespace {

using ::testing::HasSubstr;
using testing::TraceFile;

class PipelineTest : public NodeTest {
 protected:
  static TinyJob cut(const TinyJob& tiny, const Cut& where) {
    return cut_job(tiny, where, trainer_options(tiny));
  }

  std::vector<std::string> evaluations(const std::string& output) const {
    std::vector<std::string> out = log_lines(output);
    std::erase_if(out,
                  [](const std::string& line) { return line.find("evaluation") == line.npos; });
    return out;
  }

  void expect_equal(const std::string& one, const std::string& other) const {
    EXPECT_EQ(logged_steps(one), 12);
    EXPECT_EQ(step_lines(one), step_lines(other));
    EXPECT_EQ(evaluations(one), evaluations(other));
    for (const char* name : {"weights", "optimizer"}) {
      for (const int step : {4, 8, 12}) {
        const std::string saved = fmt::format("checkpoints/step-{:08}/{}.safetensors", step, name);
        EXPECT_EQ(file(one, saved), file(other, saved)) << saved;
      }
    }
  }
};

TEST_F(PipelineTest, AnyCutGivesTheStepsOfTheWhole) {
  const TinyJob tiny{.batch_size = 8};
  const std::string training = "clip_norm: 0.5";
  ASSERT_EQ(run(job(whole_job(tiny, {.training = training})), "whole").code, 0);
  const std::vector<Cut> cuts{{.image = {2}, .training = training},
                              {.image = {1, 4}, .text = true, .training = training},
                              {.image = {5}, .text = true, .training = training},
                              {.text = true, .training = training}};
  for (size_t i = 0; i < cuts.size(); ++i) {
    const std::string output = fmt::format("cut{}", i);
    const Finished done = run(job(cut(tiny, cuts[i])), output);
    ASSERT_EQ(done.code, 0) << done.text;
    expect_equal(output, "whole");
  }
}

TEST_F(PipelineTest, MicroBatchesGiveTheStepsOfTheWholeWithAnyCredit) {
  const TinyJob tiny{.batch_size = 8};
  const std::string training = "clip_norm: 0.5, micro_batch: 3";
  ASSERT_EQ(run(job(whole_job(tiny, {.training = training})), "whole").code, 0);
  for (const int capacity : {1, 2, 8}) {
    const std::string output = fmt::format("credit{}", capacity);
    const Finished done = run(
        job(cut(tiny, {.image = {1, 3}, .text = true, .capacity = capacity, .training = training})),
        output);
    ASSERT_EQ(done.code, 0) << done.text;
    expect_equal(output, "whole");
  }
}

TEST_F(PipelineTest, CreditBoundsHowManyTapesAShardHolds) {
  constexpr int kParts = 4;
  for (const int capacity : {1, 2}) {
    const std::string name = path(fmt::format("trace{}.json", capacity));
    const Finished done = arno(
        {"run", job(cut({}, {.image = {2, 4}, .capacity = capacity, .training = "micro_batch: 2"})),
         "--output", path(fmt::format("run{}", capacity)), "--trace", name});
    ASSERT_EQ(done.code, 0) << done.text;
    const TraceFile trace = TraceFile::read(name);
    for (int64_t step = 2; step <= 12; ++step) {
      int forward = 0, backward = 0, most = 0;
      for (const TraceFile::Span& span : trace.tracks.at("image0")) {
        if (!span.args.contains("step") || span.args.at("step").get<int64_t>() != step) continue;
        if (span.name == "pipeline_shard.activations") ++forward;
        if (span.name == "pipeline_shard.gradients") ++backward;
        // The first ones have no tape.
        if (forward > kParts) most = std::max(most, forward - kParts - backward);
      }
      EXPECT_EQ(forward, 2 * kParts) << step;
      EXPECT_EQ(backward, kParts + 1) << step;  // and how the step ends
      EXPECT_GE(most, 1) << step;
      EXPECT_LE(most, capacity) << step;
    }
  }
}

TEST_F(PipelineTest, CutAndWholeGoOnWithEachOthersCheckpoints) {
  const TinyJob tiny{.stages =
                         "[{name: low, steps: 6, resolution: 32, peak_lr: 1.0e-3}, "
                         "{name: high, steps: 6, resolution: 64, peak_lr: 1.0e-3}]"};
  const Cut where{.image = {3}, .text = true, .training = "micro_batch: 4"};
  const std::string uncut = job(whole_job(tiny, where));
  const std::string in_two = job(cut(tiny, where));
  ASSERT_EQ(run(uncut, "whole").code, 0);
  ASSERT_EQ(run(in_two, "run").code, 0);
  expect_equal("run", "whole");
  for (const std::string& other : {uncut, in_two}) {
    for (const int gone : {12, 8}) {
      std::filesystem::remove_all(folder_.path() / fmt::format("run/checkpoints/step-{:08}", gone));
    }
    const Finished done = run(other, "run", /*resume=*/true);
    ASSERT_EQ(done.code, 0) << done.text;
    expect_equal("run", "whole");
  }
}

TEST_F(PipelineTest, ReplicasOfACutModelGiveTheStepsOfReplicasOfTheWhole) {
  const TinyJob tiny{.model_replicas = 2};
  const std::string training = "clip_norm: 0.5, micro_batch: 3";
  const Finished uncut = run(job(whole_job(tiny, {.training = training})), "whole");
  ASSERT_EQ(uncut.code, 0) << uncut.text;
  for (const int zero : {0, 1, 2}) {
    const std::string output = fmt::format("zero{}", zero);
    const Cut where{
        .image = {2}, .text = true, .training = fmt::format("zero: {}, {}", zero, training)};
    const Finished done = run(job(cut(tiny, where)), output);
    ASSERT_EQ(done.code, 0) << done.text;
    if (zero == 0) expect_equal(output, "whole");
    // Each shard of a tower spreads its own parameters: their squares are added in another order.
    EXPECT_EQ(logged_steps(output), 12);
    expect_near_losses(output, "whole");
  }
  const Finished refused =
      run(job(cut(tiny, {.image = {2}, .training = "zero: 3, " + training})), "refused");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.text, HasSubstr("found 3, expected 0 to 2 of a model in a pipeline"));
}

TEST_F(PipelineTest, ShardsOnNodesGiveTheStepsOfTheWhole) {
  const Node alpha = start_node("alpha");
  const Node beta = start_node("beta");
  const Cut where{.image = {1, 3}, .training = "micro_batch: 3", .nodes = {"alpha", "beta"}};
  ASSERT_EQ(run(job(whole_job({}, where)), "whole").code, 0);

  const Finished done = run(on_nodes(job(cut({}, where)), {&alpha, &beta}, {}), "nodes");

  ASSERT_EQ(done.code, 0) << done.text;
  expect_equal("nodes", "whole");
}

TEST_F(PipelineTest, AJobThatLosesAShardGoesBackAndTheCurveStays) {
  const Node alpha = start_node("alpha");
  const Node beta = start_node("beta");
  const TinyJob tiny{.steps = 100'000, .checkpoint_every = 10};
  const Cut where{.image = {1, 3}, .training = "micro_batch: 4", .nodes = {"alpha", "beta"}};
  Running running = start(on_nodes(job(cut(tiny, where)), {&alpha, &beta}, {}), "run");
  go_on(running, 15);

  alpha.process->signal(SIGKILL);
  wait_for(running, "node alpha was lost: back to step");
  go_on(running, 20);
  stop(running);

  expect_same_curve("run", job(whole_job(tiny, where)));
}

TEST_F(PipelineTest, ACutThatDoesNotJoinUpIsRefused) {
  const auto refused = [&](const TinyJob& tiny) {
    const Finished done = arno({"check", job(tiny)});
    EXPECT_EQ(done.code, 2);
    return done.text;
  };
  const TinyJob good = cut({}, {.image = {1, 3}});
  const auto with = [&](const std::string& from, const std::string& to) {
    TinyJob out = good;
    for (std::string* text : {&out.more_actors, &out.more_edges, &out.model_options}) {
      const size_t at = text->find(from);
      if (at != std::string::npos) text->replace(at, from.size(), to);
    }
    return out;
  };
  EXPECT_EQ(arno({"check", job(good)}).code, 0);
  EXPECT_THAT(refused(with("from: 1, to: 3", "from: 2, to: 3")),
              HasSubstr("found 1, expected 2, which is actors.image1.options.from"));
  EXPECT_THAT(refused(with("image_from: 3", "image_from: 4")),
              HasSubstr("found 3, expected 4, which is actors.model.options.image_from"));
  EXPECT_THAT(refused(with("from: 1, to: 3", "from: 1, to: 9")),
              HasSubstr("found 9, expected at most the 5 blocks of the image tower"));
  EXPECT_THAT(refused(with("projection_dim: 16", "projection_dim: 32")),
              HasSubstr("found 32, expected 16, which is actors.model.options.projection_dim"));
}

}  // namespace
}  // namespace arno::cli

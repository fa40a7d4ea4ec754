// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_checks.h"

#include "io/bpe_train.h"
#include "tests/actors/stage_fixture.h"

namespace arno::actors {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Plans of a whole training job that come to its last check.
class PlanChecksTest : public StageTest {
 protected:
  PlanChecksTest() {
    testing::write_tiny_shard(folder_ / "a.tar", testing::tiny_texts(4));
    io::BpeTrainer trainer;
    for (const char* name : {"small", "large"}) {
      trainer.add("a striped square with a number on it");
      io::write_bpe(folder_ / name, trainer.train({.vocab_size = name[0] == 's' ? 514 : 520}));
    }
  }

  struct Values {
    std::string vocabulary = "small";
    std::string evaluated_with = "small";
    int context_length = 16;
    int window = 8;
    int rejects = 16;  ///< capacity of an edge from two decoders
    int delivered = 8;
    int models = 1;           ///< replicas
    int losses = 1;           ///< replicas
    std::string model_nodes;  ///< "nodes: [...], " or nothing
    std::string loss_nodes;
    std::string more_actors;
    std::string more_edges;
  };

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// What is wrong with a job of these values, one problem a line.
  std::string problems(const Values& values) const {
    const std::string model =
        "kind: model_shard, options: {preset: nano, text_width: 16, text_heads: 2, "
        "vocab_size: 514, context_length: 16}";
    const std::string text = fmt::format(
        R"(job: tiny
output: runs/tiny
nodes: {{alpha: {{address: 'a:1'}}}}
training: {{batch_size: 4, stages: [{{steps: 4, resolution: 32}}]}}
actors:
  read: {{kind: shard_reader, options: {{window: {}, sources: [{{name: a, shards: ['{}']}}]}}}}
  decode: {{kind: decoder, replicas: 2}}
  augment: {{kind: augmenter}}
  prompt: {{kind: prompt_sampler}}
  tokenize: {{kind: tokenizer, options: {{vocabulary: '{}', context_length: {}}}}}
  batch: {{kind: batcher}}
  model: {{replicas: {}, {}{}}}
  loss: {{{}kind: contrastive_loss, replicas: {}}}
{}  evaluate:
    kind: evaluator
    options: {{vocabulary: '{}', tasks: [{{name: a, protocol: retrieval, shards: ['{}']}}]}}
edges:
  - {{from: read.samples, to: decode.samples, capacity: 8}}
  - {{from: decode.images, to: augment.images, capacity: 8}}
  - {{from: decode.rejects, to: read.rejects, capacity: {}}}
  - {{from: augment.augmented, to: prompt.samples}}
  - {{from: prompt.prompted, to: tokenize.samples}}
  - {{from: tokenize.tokenized, to: batch.samples}}
  - {{from: batch.delivered, to: read.delivered, capacity: {}}}
  - {{from: batch.batches, to: model.batches}}
  - {{from: model.features, to: loss.features}}
  - {{from: loss.gradients, to: model.gradients}}
  - {{from: model.evaluations, to: evaluate.snapshots}}
{})",
        values.window, path("a.tar"), path(values.vocabulary), values.context_length, values.models,
        values.model_nodes, model, values.loss_nodes, values.losses, values.more_actors,
        path(values.evaluated_with), path("a.tar"), values.rejects, values.delivered,
        values.more_edges);
    ConfigProblems found;
    graph::make_plan(RawConfig::from_text(text, "job.yaml"), registry_, found);
    std::string out;
    for (const ConfigProblem& problem : found) out += problem.to_string() + "\n";
    return out;
  }
};

TEST_F(PlanChecksTest, AJobThatFitsHasNoProblem) { EXPECT_EQ(problems({}), ""); }

TEST_F(PlanChecksTest, TheVocabularyFitsTheModel) {
  EXPECT_EQ(problems({.vocabulary = "large"}),
            fmt::format("job.yaml:10: actors.tokenize.options.vocabulary: {} has 520 tokens, "
                        "expected at most 514, which is actors.model.options.vocab_size\n",
                        path("large")));
}

TEST_F(PlanChecksTest, TheVocabularyOfTheEvaluatorFitsTheModel) {
  EXPECT_EQ(problems({.evaluated_with = "large"}),
            fmt::format("job.yaml:16: actors.evaluate.options.vocabulary: {} has 520 tokens, "
                        "expected at most 514, which is actors.model.options.vocab_size\n",
                        path("large")));
}

TEST_F(PlanChecksTest, TextsAreNoLongerThanTheModelTakes) {
  EXPECT_EQ(problems({.context_length = 17}),
            "job.yaml:10: actors.tokenize.options.context_length: found 17, expected at most 16, "
            "which is actors.model.options.context_length\n");
}

TEST_F(PlanChecksTest, TwoEvaluatorsHaveTasksOfOtherNames) {
  const auto judged = [&](const std::string& task) {
    return problems({.more_actors = fmt::format(
                         "  judge: {{kind: evaluator, options: {{vocabulary: '{}', "
                         "tasks: [{{name: {}, protocol: retrieval, shards: ['{}']}}]}}}}\n",
                         path("small"), task, path("a.tar")),
                     .more_edges = "  - {from: model.evaluations, to: judge.snapshots}\n"});
  };
  EXPECT_EQ(judged("b"), "");
  EXPECT_THAT(judged("a"),
              AllOf(HasSubstr(".options.tasks[0].name: found \"a\", which is a task of "),
                    HasSubstr("expected another name: figures are kept by task")));
}

TEST_F(PlanChecksTest, AVocabularyThatIsMissingIsReportedOnce) {
  const std::string found = problems({.vocabulary = "nowhere"});
  EXPECT_THAT(found, HasSubstr("job.yaml:10: actors.tokenize.options.vocabulary: "));
  EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 1) << found;
}

TEST_F(PlanChecksTest, BackEdgesHoldTheWindow) {
  EXPECT_EQ(problems({.rejects = 15, .delivered = 7}),
            "job.yaml:20: edges[2].capacity: found 15, expected at least 16: the window of "
            "\"read\", 8 samples, from each of 2 senders\n"
            "job.yaml:24: edges[6].capacity: found 7, expected at least 8: the window of "
            "\"read\", 8 samples\n");
  EXPECT_THAT(problems({.window = 9}),
              HasSubstr("edges[6].capacity: found 8, expected at least 9"));
}

TEST_F(PlanChecksTest, ReplicasOfANumberAreOnOneNodeAndTheFirstIsHere) {
  Values values{
      .models = 2,
      .losses = 2,
      .model_nodes = "nodes: [local, alpha], ",
      .loss_nodes = "nodes: [local, alpha], ",
      .more_actors = "  reduce: {kind: gradient_allreduce, replicas: 2, nodes: [local, alpha]}\n",
      .more_edges =
          "  - {from: reduce.gradients, to: model.group}\n"
          "  - {from: reduce.features, to: loss.group}\n"};
  EXPECT_EQ(problems(values), "");
  values.loss_nodes = "";
  EXPECT_THAT(problems(values),
              HasSubstr("found replica 1 of \"reduce\" on alpha and replica 1 of \"loss\" on "
                        "local, expected one node: a GroupMember stays in its process"));
  values.model_nodes = "nodes: [alpha, local], ";
  EXPECT_THAT(problems(values),
              HasSubstr("actors.model.nodes[0]: found alpha, expected local: the first replica"));
}

TEST_F(PlanChecksTest, ReplicasOfAModelNeedAGroupAndEqualNumbersOfRows) {
  Values values{.models = 2, .losses = 2};
  EXPECT_THAT(problems(values),
              AllOf(HasSubstr("actors.model.replicas: found 2, expected 1, or an edge from a "
                              "gradient_allreduce to model.group"),
                    HasSubstr("actors.loss.replicas: found 2, expected 1, or an edge from a "
                              "gradient_allreduce to loss.group")));
  values.more_actors = "  reduce: {kind: gradient_allreduce, replicas: 2}\n";
  values.more_edges =
      "  - {from: reduce.gradients, to: model.group}\n"
      "  - {from: reduce.features, to: loss.group}\n";
  EXPECT_EQ(problems(values), "");
  values.models = 3;
  EXPECT_THAT(problems(values),
              AllOf(HasSubstr("training.batch_size: found 4, expected a multiple of the 3 replicas "
                              "of \"model\""),
                    HasSubstr("found 2 replicas of \"reduce\" and 3 of \"model\", expected as "
                              "many, or one sender")));
}

}  // namespace
}  // namespace arno::actors

// SPDX-License-Identifier: Apache-2.0
#include <regex>

#include "tests/actors/stage_fixture.h"

// Holds for every kind in the registry, those to come too.
namespace arno::actors {
namespace {

using ::testing::HasSubstr;

class KindOptionsTest : public StageTest {
 protected:
  /// The options of a kind as read from YAML, without a look at files.
  ConfigProblems read(const graph::ActorKind& kind, const std::string& yaml,
                      std::string* printed = nullptr) {
    ConfigProblems problems;
    const auto options = kind.read_options(RawConfig::from_text(yaml, "job.yaml"), problems);
    if (printed) *printed = options->to_yaml(0);
    return problems;
  }
};

TEST_F(KindOptionsTest, ExamplesAreValidAndPrintThemselves) {
  for (const std::string& name : registry_.names()) {
    const graph::ActorKind& kind = *registry_.find(name);
    std::string printed;
    std::string again;
    EXPECT_TRUE(read(kind, kind.example, &printed).empty()) << name;
    if (printed.empty()) continue;  // no options
    EXPECT_TRUE(read(kind, printed, &again).empty()) << name << ":\n" << printed;
    EXPECT_EQ(printed, again) << name;
  }
}

TEST_F(KindOptionsTest, EveryKindIsDocumented) {
  for (const std::string& name : registry_.names()) {
    const graph::ActorKind& kind = *registry_.find(name);
    EXPECT_FALSE(kind.doc.empty()) << name;
    EXPECT_FALSE(kind.example.empty()) << name;
    std::vector<graph::Port> ports = kind.inputs;
    ports.insert(ports.end(), kind.outputs.begin(), kind.outputs.end());
    for (const graph::Port& port : ports)
      EXPECT_FALSE(port.doc.empty()) << name << "." << port.name;
  }
}

TEST_F(KindOptionsTest, UnknownKeysAreReported) {
  for (const std::string& name : registry_.names()) {
    const ConfigProblems problems = read(*registry_.find(name), "no_such_key: 1");
    ASSERT_FALSE(problems.empty()) << name;
    const bool named = std::any_of(problems.begin(), problems.end(), [](const auto& problem) {
      return problem.key == "no_such_key" && problem.line == 1;
    });
    EXPECT_TRUE(named) << name;
  }
}

TEST_F(KindOptionsTest, EveryKeyOfTheWrongTypeIsReported) {
  const std::regex top_key("(^|\n)([a-z_0-9]+):");
  for (const std::string& name : registry_.names()) {
    const graph::ActorKind& kind = *registry_.find(name);
    std::string printed;
    read(kind, kind.example, &printed);
    for (std::sregex_iterator key(printed.begin(), printed.end(), top_key), end; key != end;
         ++key) {
      const std::string wrong = (*key)[2].str() + ": {surprise: 1}";
      const std::string found = problems_of(name, wrong);
      EXPECT_THAT(found, HasSubstr("job.yaml:1: " + (*key)[2].str())) << name;
    }
  }
}

TEST_F(KindOptionsTest, ValuesOutOfRangeAreReportedTogether) {
  EXPECT_THAT(problems_of("decoder", "crop_scale_min: 2\nmax_side: 0\ntruncated: maybe"),
              AllOf(HasSubstr("job.yaml:1: crop_scale_min"), HasSubstr("job.yaml:2: max_side"),
                    HasSubstr("job.yaml:3: truncated")));
  EXPECT_THAT(problems_of("decoder", "crop_ratio_min: 3\ncrop_ratio_max: 2"),
              HasSubstr("expected at most crop_ratio_max 2"));
  EXPECT_THAT(problems_of("augmenter", "flip: 1.5\nhue: 0.6\ninterpolation: nearest"),
              AllOf(HasSubstr("flip"), HasSubstr("hue"), HasSubstr("interpolation")));
  EXPECT_THAT(problems_of("checkpointer", "keep: 0\non_failure: cry"),
              AllOf(HasSubstr("keep"), HasSubstr("on_failure")));
  EXPECT_THAT(problems_of("model_shard", "micro_batch: 5"),
              HasSubstr("expected at most training.batch_size 4"));
}

TEST_F(KindOptionsTest, MissingFilesAreReported) {
  EXPECT_THAT(problems_of("tokenizer", "vocabulary: no/such/folder"),
              HasSubstr("job.yaml:1: vocabulary"));
  EXPECT_THAT(problems_of("prompt_sampler", "templates: no/such/file"),
              HasSubstr("job.yaml:1: templates"));
  EXPECT_THAT(problems_of("evaluator",
                          "vocabulary: no/such/folder\ntasks:\n  - {name: a, shards: [missing]}"),
              AllOf(HasSubstr("job.yaml:1: vocabulary"), HasSubstr("job.yaml:3: tasks[0].shards")));
}

}  // namespace
}  // namespace arno::actors

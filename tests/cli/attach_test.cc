// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "tests/cli/running_job.h"

namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// Running jobs that are changed from outside.
class AttachTest : public RunningJobTest {
 protected:
  Finished detach(const Running& job, const std::string& what) {
    return arno({"detach", path(job.output), what});
  }
};

TEST_F(AttachTest, DecodersJoinAndLeaveAndTheCurveStaysAsItWas) {
  const std::string file_of_job = endless();
  Running job = start(file_of_job, "run");
  go_on(job, 3);

  const Finished joined =
      attach(job,
             "actors: {decode: {replicas: 3}, augment: {replicas: 2}}\n"
             "edges: [{from: decode.rejects, to: read.rejects, capacity: 96}]\n");
  EXPECT_EQ(joined.code, 0);
  EXPECT_THAT(joined.text,
              AllOf(HasSubstr("+ decode[1] (decoder)\n"), HasSubstr("+ decode[2] (decoder)\n"),
                    HasSubstr("+ augment[1] (augmenter)\n"),
                    HasSubstr("~ decode.rejects->read.rejects: 24 -> 96 items")));
  EXPECT_THAT(file("run", "job.yaml"), HasSubstr("replicas: 3"));
  go_on(job, 10);
  EXPECT_EQ(arno({"detach", path("run"), "decode[2]"}).text, "- decode[2] (decoder)\n");
  EXPECT_EQ(arno({"detach", path("run"), "decode[1]"}).text, "- decode[1] (decoder)\n");
  go_on(job, 3);
  stop(job);

  expect_same_curve("run", file_of_job);
}

TEST_F(AttachTest, ADataSourceJoinsAndLeavesAndTheJobFileSaysAtWhichSteps) {
  const std::string file_of_job = endless();
  Running job = start(file_of_job, "run");
  go_on(job, 3);
  testing::write_tiny_shard(folder_ / "c.tar", testing::tiny_texts(20));

  const Finished joined = attach(
      job, fmt::format("actors: {{read: {{options: {{sources: [{{name: late, shards: ['{}'], "
                       "weight: 2}}]}}}}}}\n",
                       path("c.tar")));
  EXPECT_EQ(joined.code, 0);
  EXPECT_EQ(joined.text, "~ read: its options\n");
  go_on(job, 12);
  EXPECT_THAT(detach(job, "read.lat").text,
              HasSubstr("found the unknown source \"lat\" (did you mean \"late\"?)"));
  EXPECT_THAT(detach(job, "decode.late").text, HasSubstr("has no parts that can leave"));
  EXPECT_EQ(detach(job, "read.late").text, "~ read: its options\n");
  EXPECT_THAT(detach(job, "read.late").text, HasSubstr("which leaves at step"));
  EXPECT_THAT(detach(job, "read.tiny").text, HasSubstr("no source has a sample for stage"));
  wait_for(job, "source late gives no samples from step");
  go_on(job, 12);
  stop(job);

  EXPECT_THAT(job.process->wait().text, HasSubstr("source late: 20 samples"));
  expect_same_curve("run", path("run/job.yaml"));
  const Finished without_it = run(file_of_job, "run", /*resume=*/true);
  EXPECT_EQ(without_it.code, 2);
  EXPECT_EQ(without_it.text,
            fmt::format("arno: {}: differs from {} in actors.read.options.sources; that file says "
                        "what the run holds, with what was attached: resume with it, changed where "
                        "a change is meant\n",
                        file_of_job, path("run/job.yaml")));
}

TEST_F(AttachTest, AnEvaluatorJoinsAndLeaves) {
  Running job = start(endless(), "run");
  EXPECT_EQ(arno({"detach", path("run"), "evaluate"}).code, 0);
  const Finished joined = attach(job, judge());
  EXPECT_EQ(joined.text, "+ judge (evaluator)\n+ model.evaluations->judge.snapshots, 1 items\n");
  go_on(job, 2);

  EXPECT_EQ(arno({"detach", path("run"), "judge"}).text,
            "- judge (evaluator)\n- model.evaluations->judge.snapshots\n");
  go_on(job, 2);
  stop(job);
}

TEST_F(AttachTest, TopAndStatusFollow) {
  Running job = start(
      this->job({.steps = 100'000, .checkpoint_every = 50'000, .monitoring = "enabled: true"}),
      "run");
  go_on(job, 1);
  const auto wait_for = [&](const ::testing::Matcher<std::string>& wanted) {
    std::string seen;
    const bool found = wait_until(*job.process, [&] {
      seen = arno({"top", path("run"), "--once"}).text;
      return wanted.Matches(seen);
    });
    EXPECT_TRUE(found) << seen;
    wait_for_status(*job.process, "run", wanted);
    return seen;
  };
  wait_for_status(*job.process, "run",
                  AllOf(ContainsRegex("^ tiny  running  step [0-9]+/100000 "),
                        ContainsRegex("\n NODE +ACTORS +REPL *\n local +10 +10 *\n"),
                        ContainsRegex("\n decode +decoder +1 "), Not(HasSubstr("EVENTS"))));

  EXPECT_EQ(attach(job, judge()).code, 0);
  EXPECT_EQ(attach(job,
                   "actors: {decode: {replicas: 3}}\n"
                   "edges: [{from: decode.rejects, to: read.rejects, capacity: 96}]\n")
                .code,
            0);
  const std::string joined = wait_for(AllOf(HasSubstr("\n judge "), ContainsRegex(" local +11 +13"),
                                            HasSubstr(" model.evaluations → judge "),
                                            ContainsRegex("\n decode +decoder +3 "),
                                            ContainsRegex(" decode.rejects → read .* 0/96 ")));
  EXPECT_THAT(joined, AllOf(HasSubstr(" attach     judge: joins the job\n"),
                            HasSubstr(" attach     decode[2]: joins the job\n")));

  EXPECT_EQ(arno({"detach", path("run"), "judge"}).code, 0);
  const std::string left = wait_for(
      AllOf(Not(HasSubstr("\n judge ")), ContainsRegex(" local +10 "), Not(HasSubstr("→ judge "))));
  EXPECT_THAT(left, HasSubstr(" detach     judge: leaves when it is through\n"));
  stop(job);
}

TEST_F(AttachTest, CreditOfARunningEdge) {
  Running job = start(endless(), "run");

  EXPECT_EQ(arno({"edge", path("run"), "batch.batches->model.batches", "--credit", "4"}).text,
            "~ batch.batches->model.batches: 1 -> 4 items, 256 -> 256 MiB\n");
  go_on(job, 5);
  stop(job);

  EXPECT_THAT(file("run", "job.yaml"),
              HasSubstr("{from: batch.batches, to: model.batches, capacity: 4"));
}

struct BadOrder {
  std::string name;
  std::vector<std::string> words;  ///< after "arno"; PATCH stands for the patch's path
  std::string patch;
  std::string message;
};

class BadOrderTest : public AttachTest, public ::testing::WithParamInterface<BadOrder> {};

TEST_P(BadOrderTest, LeavesTheGraphAsItWas) {
  Running job = start(endless(), "run");
  const std::string before = file("run", "job.yaml");
  io::write_text(path("patch.yaml"), GetParam().patch);
  std::vector<std::string> words = GetParam().words;
  words.insert(words.begin() + 1, path("run"));
  std::ranges::replace(words, "PATCH", path("patch.yaml"));

  const Finished told = arno(words);

  EXPECT_NE(told.code, 0);
  EXPECT_THAT(told.text, HasSubstr(GetParam().message));
  EXPECT_EQ(file("run", "job.yaml"), before);
  go_on(job, 3);
  stop(job);
}

INSTANTIATE_TEST_SUITE_P(
    Orders, BadOrderTest,
    ::testing::Values(
        BadOrder{"UnknownKind",
                 {"attach", "PATCH"},
                 "actors:\n  more: {kind: decodr}\n",
                 "patch.yaml:2: actors.more.kind: found the unknown kind \"decodr\" (did you mean "
                 "\"decoder\"?)"},
        BadOrder{"EveryProblemAtOnce",
                 {"attach", "PATCH"},
                 "actors:\n  decode: {replicas: 0}\nedges:\n  - {from: read.smples, to: x.in}\n",
                 "patch.yaml:2: actors.decode.replicas: found \"0\", expected an integer "},
        BadOrder{"RunningOptions",
                 {"attach", "PATCH"},
                 "actors:\n  decode: {options: {max_megapixels: 3}}\n",
                 "patch.yaml:2: actors.decode.options: the options of a running actor"},
        BadOrder{
            "Nothing", {"attach", "PATCH"}, "actors: {decode: {replicas: 1}}\n", "changes nothing"},
        BadOrder{"CapacityTooSmall",
                 {"attach", "PATCH"},
                 "actors: {decode: {replicas: 9}}\n",
                 "found 8, expected at least 9"},
        BadOrder{
            "DetachUnknown",
            {"detach", "decoder"},
            "",
            "arno: detach decoder: found the unknown actor \"decoder\" (did you mean \"decode\"?)"},
        BadOrder{"DetachNeeded", {"detach", "decode"}, "", "is joined to nothing"},
        BadOrder{"UnknownEdge",
                 {"edge", "a.b->c.d", "--credit", "3"},
                 "",
                 "arno: edge a.b->c.d: found no such edge"},
        BadOrder{"NoCredit",
                 {"edge", "read.samples->decode.samples", "--credit", "0"},
                 "",
                 "found the credit \"0\", expected a number of items, 1 or more"}),
    [](const auto& info) { return info.param.name; });

TEST_F(AttachTest, AJobThatIsGoneIsOneLine) {
  const Finished run_folder = arno({"stop", path("")});
  EXPECT_EQ(run_folder.code, 1);
  EXPECT_THAT(run_folder.text,
              HasSubstr("no job runs there, or it does not listen: found no control.address"));
  const Finished nobody = arno({"stop", "127.0.0.1:1"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.text, HasSubstr("nobody answers at 127.0.0.1:1"));
  const Finished no_patch = arno({"attach", path(""), path("nowhere.yaml")});
  EXPECT_EQ(no_patch.code, 2);
  EXPECT_EQ(no_patch.text, "arno: " + path("nowhere.yaml") +
                               ": found no such file, expected a YAML file with a patch\n");
}

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tests/cli/job_fixture.h"

namespace arno::cli {
namespace {

using ::testing::HasSubstr;

using UsageTest = JobTest;

TEST_F(UsageTest, HelpIsEverywhere) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{},
                                             {"run"},
                                             {"check"},
                                             {"attach"},
                                             {"detach"},
                                             {"edge"},
                                             {"status"},
                                             {"stop"},
                                             {"data"},
                                             {"data", "import"},
                                             {"data", "inspect"},
                                             {"data", "train-bpe"},
                                             {"eval"},
                                             {"eval", "zero-shot"},
                                             {"eval", "retrieval"},
                                             {"embed"},
                                             {"docs"},
                                             {"key"},
                                             {"key", "new"},
                                             {"top"},
                                             {"version"}}) {
    std::vector<std::string> args = command;
    args.emplace_back("--help");
    const Finished help = arno(args);
    EXPECT_EQ(help.code, 0) << help.text;
    EXPECT_THAT(help.text, HasSubstr("--help"));
  }
  EXPECT_EQ(arno({"version"}).text.rfind("arno ", 0), 0u);
  EXPECT_EQ(arno({}).code, 2);
  EXPECT_EQ(arno({"run", "a.yaml", "--no-such-flag"}).code, 2);
  const std::vector<std::string> eval{"eval", "retrieval", "--checkpoint", "a", "--shards", "b"};
  for (const char* wrong : {"--threads=0", "--max-images=-1"}) {
    std::vector<std::string> args = eval;
    args.emplace_back(wrong);
    EXPECT_EQ(arno(args).code, 2) << wrong;
  }
}

TEST_F(UsageTest, AMissingJobFileIsOneLine) {
  for (const char* command : {"run", "check"}) {
    for (const std::string& file : {path("nowhere.yaml"), folder_.path().string()}) {
      const Finished done = arno({command, file});
      EXPECT_EQ(done.code, 2) << done.text;
      EXPECT_EQ(done.text.rfind("arno: " + file + ": ", 0), 0u) << done.text;
      EXPECT_EQ(std::count(done.text.begin(), done.text.end(), '\n'), 1) << done.text;
    }
  }
  EXPECT_THAT(arno({"check", path("nowhere.yaml")}).text, HasSubstr("No such file"));
}

TEST_F(UsageTest, AnUnknownCommandIsToldWhatIsKnown) {
  struct Case {
    std::vector<std::string> args;
    std::string text;
  };
  const std::vector<Case> cases{
      {{"chekc", "job.yaml"},
       "arno: found the unknown command \"chekc\" (did you mean \"check\"?), expected one of run, "
       "check, attach, detach, edge, status, stop, data, eval, embed, key, docs, node, top, "
       "version; see "
       "--help\n"},
      {{"xyzzy"}, "arno: found the unknown command \"xyzzy\", expected one of run, "},
      {{}, "arno: found no command, expected one of run, "},
      {{"data", "inspekt", "a.tar"},
       "data: found the unknown command \"inspekt\" (did you mean \"inspect\"?), expected one of "
       "import, inspect, train-bpe; see --help\n"},
      {{"eval"}, "eval: found no command, expected one of zero-shot, retrieval; see --help\n"},
  };
  for (const Case& one : cases) {
    const Finished done = arno(one.args);
    EXPECT_EQ(done.code, 2) << one.text;
    EXPECT_EQ(done.text.rfind(one.text, 0), 0u) << done.text;
    EXPECT_EQ(std::count(done.text.begin(), done.text.end(), '\n'), 1) << done.text;
  }
}

}  // namespace
}  // namespace arno::cli

// SPDX-License-Identifier: Apache-2.0
#include "io/line_file.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "common/log.h"
#include "tests/io/shard_files.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/problem_of.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Keeps what is logged.
class LineFileTest : public ::testing::Test {
 protected:
  LineFileTest()
      : before_(log::set_sink([this](log::Level, std::string_view, std::string_view message) {
          logged_.emplace_back(message);
        })) {}
  ~LineFileTest() override { log::set_sink(before_); }

  /// A file that goes by the test's clock.
  LineFile open() {
    return LineFile(folder_ / "a", "test", [this] { return now_; });
  }
  std::string written() const { return read_text(folder_ / "a"); }

  TemporaryFolder folder_;
  std::chrono::steady_clock::time_point now_;
  std::vector<std::string> logged_;
  log::Sink before_;
};

TEST_F(LineFileTest, AppendsToWhatIsThere) {
  write_text(folder_ / "a", "one\n");
  LineFile(folder_ / "a", "test").add("two");
  EXPECT_EQ(read_text(folder_ / "a"), "one\ntwo\n");
}

TEST_F(LineFileTest, LinesWaitForRoomAndNoneIsCut) {
  LineFile file = open();
  file.add("one");
  {
    const testing::FileSizeLimit full(6);
    file.add("two");
    file.add("three");
    EXPECT_EQ(written(), "one\n");
  }
  EXPECT_THAT(logged_, ElementsAre(HasSubstr("lines wait until they can be written")));

  now_ += LineFile::kPause;
  file.add("four");

  EXPECT_EQ(written(), "one\ntwo\nthree\nfour\n");
}

TEST_F(LineFileTest, WholeLinesThatFitAreWrittenAndOnlyTheRestWaits) {
  LineFile file = open();
  {
    const testing::FileSizeLimit full(2);
    for (const char* line : {"one", "two", "three"}) file.add(line);
  }
  now_ += LineFile::kPause;
  {
    const testing::FileSizeLimit full(10);
    file.add("four");
    EXPECT_EQ(written(), "one\ntwo\n");
  }
  write_text(folder_ / "a", "");
  now_ += LineFile::kPause;

  file.add("five");

  EXPECT_EQ(written(), "three\nfour\nfive\n");
}

TEST_F(LineFileTest, AFullDiskIsTriedAgainAfterAPause) {
  LineFile file = open();
  {
    const testing::FileSizeLimit full(2);
    file.add("one");
  }
  now_ += LineFile::kPause / 2;

  file.add("two");
  EXPECT_EQ(written(), "");
  now_ += LineFile::kPause / 2;
  file.add("three");

  EXPECT_EQ(written(), "one\ntwo\nthree\n");
}

TEST_F(LineFileTest, SaysHowManyLinesAreLost) {
  const testing::FileSizeLimit full(6);
  {
    LineFile file(folder_ / "a", "test");
    for (const char* line : {"one", "two", "three"}) file.add(line);
  }
  EXPECT_EQ(read_text(folder_ / "a"), "one\n");
  EXPECT_THAT(logged_.back(), HasSubstr("2 lines were not written"));
}

TEST_F(LineFileTest, AFileThatCannotBeOpenedIsAnError) {
  EXPECT_THAT(
      testing::problem_of(Errc::io_failed, [&] { LineFile(folder_ / "nowhere/a", "test"); }),
      HasSubstr("nowhere/a"));
}

}  // namespace
}  // namespace arno::io

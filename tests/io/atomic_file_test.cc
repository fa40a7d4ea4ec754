// SPDX-License-Identifier: Apache-2.0
#include "io/atomic_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "common/error.h"
#include "io/directory_lock.h"
#include "io/read_file.h"
#include "tests/support/file_size_limit.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A folder of its own for each test.
class AtomicFileTest : public ::testing::Test {
 protected:
  AtomicFileTest() { fs::create_directories(folder_); }
  ~AtomicFileTest() override { fs::remove_all(folder_); }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      out.push_back(entry.path().filename());
    }
    return out;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) /
                           (std::string("arno_") + std::to_string(::getpid()) + "_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

template <class Action>
std::string io_failure_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::io_failed);
    return error.what();
  }
  return "no error";
}

TEST_F(AtomicFileTest, WritesWhatWasAppendedAndLeavesNothingElse) {
  AtomicFile file(folder_ / "a");
  file.append("one ");
  file.append("two");
  EXPECT_EQ(file.size(), 7u);
  EXPECT_FALSE(fs::exists(folder_ / "a"));

  file.commit();

  EXPECT_EQ(read_file(folder_ / "a", 100), "one two");
  EXPECT_THAT(names(), ::testing::ElementsAre("a"));
}

TEST_F(AtomicFileTest, ReplacesOnlyAtCommit) {
  write_file_atomically(folder_ / "a", "old");
  AtomicFile file(folder_ / "a");
  file.append("new");
  EXPECT_EQ(read_file(folder_ / "a", 100), "old");

  file.commit();

  EXPECT_EQ(read_file(folder_ / "a", 100), "new");
}

TEST_F(AtomicFileTest, WithoutCommitNothingStays) {
  {
    AtomicFile file(folder_ / "a");
    file.append("lost");
    EXPECT_THAT(names(), ::testing::SizeIs(1));
  }
  EXPECT_THAT(names(), ::testing::IsEmpty());
}

TEST_F(AtomicFileTest, TwoWritersOfOneNameDoNotMix) {
  AtomicFile first(folder_ / "a");
  AtomicFile second(folder_ / "a");
  first.append("first");
  second.append("second");
  first.commit();
  second.commit();
  EXPECT_EQ(read_file(folder_ / "a", 100), "second");
  EXPECT_THAT(names(), ::testing::ElementsAre("a"));
}

TEST_F(AtomicFileTest, DiskThatFillsUpLeavesTheOldFile) {
  write_file_atomically(folder_ / "a", "old");
  const std::string large(100'000, 'x');

  const std::string error = io_failure_of([&] {
    const arno::testing::FileSizeLimit limit(65536);
    write_file_atomically(folder_ / "a", large);
  });

  EXPECT_THAT(error, HasSubstr("[atomic_file] writing after 65536 bytes of '"));
  EXPECT_THAT(error, HasSubstr("/a': File too large"));
  EXPECT_THAT(names(), ::testing::ElementsAre("a"));
  EXPECT_EQ(read_file(folder_ / "a", 100), "old");
}

TEST_F(AtomicFileTest, NothingCanFollowAFailureOrACommit) {
  AtomicFile failed(folder_ / "a");
  {
    const arno::testing::FileSizeLimit limit(2);
    EXPECT_THROW(failed.append("long"), Error);
  }
  EXPECT_THROW(failed.append("x"), Error);
  EXPECT_THROW(failed.commit(), Error);
  EXPECT_THAT(names(), ::testing::IsEmpty());

  AtomicFile done(folder_ / "b");
  done.commit();
  EXPECT_THROW(done.append("x"), Error);
  EXPECT_THROW(done.commit(), Error);
}

TEST_F(AtomicFileTest, NamesPathAndReasonOfAFailure) {
  EXPECT_THAT(io_failure_of([&] { AtomicFile(folder_ / "none" / "a"); }), HasSubstr("none/.a."));
  EXPECT_THAT(io_failure_of([&] { AtomicFile(folder_ / "none" / "a"); }),
              HasSubstr("No such file or directory"));
  fs::create_directories(folder_ / "b" / "c");
  EXPECT_THAT(io_failure_of([&] { write_file_atomically(folder_ / "b", "x"); }),
              HasSubstr("naming '"));
  EXPECT_THAT(names(), ::testing::ElementsAre("b"));
}

TEST_F(AtomicFileTest, ReadsNoFileThatIsTooLargeOrMissing) {
  write_file_atomically(folder_ / "a", "12345");
  EXPECT_EQ(read_file(folder_ / "a", 5), "12345");
  EXPECT_THROW(read_file(folder_ / "a", 4), Error);
  EXPECT_THAT(io_failure_of([&] { read_file(folder_ / "b", 4); }),
              HasSubstr("/b': No such file or directory"));
  EXPECT_THAT(io_failure_of([&] { read_file(folder_, 4); }), HasSubstr("Is a directory"));
}

TEST_F(AtomicFileTest, SecondLockOfAFolderIsRefused) {
  auto lock = std::make_unique<DirectoryLock>(folder_);

  const std::string error = io_failure_of([&] { DirectoryLock again(folder_); });

  EXPECT_THAT(error, HasSubstr("another job (process " + std::to_string(::getpid()) +
                               ") uses folder '" + folder_.string() + "'"));
  lock.reset();
  DirectoryLock free_again(folder_);
}

TEST_F(AtomicFileTest, LockOfAProcessThatDiedIsFree) {
  std::ofstream(folder_ / ".lock") << "1\n";
  DirectoryLock lock(folder_);
  EXPECT_EQ(read_file(folder_ / ".lock", 100), std::to_string(::getpid()) + "\n");
}

TEST_F(AtomicFileTest, LockNeedsTheFolder) {
  EXPECT_THAT(io_failure_of([&] { DirectoryLock lock(folder_ / "none"); }),
              HasSubstr("none/.lock': No such file or directory"));
}

}  // namespace
}  // namespace arno::io

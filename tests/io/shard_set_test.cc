// SPDX-License-Identifier: Apache-2.0
#include "io/shard_set.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "common/error.h"
#include "common/log.h"
#include "common/random.h"
#include "tests/io/shard_files.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// "image: text, text #class" or the cause of the fault.
std::string describe(const std::variant<RawSample, SampleFault>& result) {
  if (const auto* fault = std::get_if<SampleFault>(&result)) return fault->cause;
  const auto& sample = std::get<RawSample>(result);
  return fmt::format("{}: {}{}", text_of(sample.image), fmt::join(sample.texts, ", "),
                     sample.label ? fmt::format(" #{}", *sample.label) : "");
}

std::vector<std::string> describe_all(const ShardSet& set) {
  std::vector<std::string> out;
  for (uint64_t i = 0; i < set.size(); ++i) out.push_back(describe(set.read(i)));
  return out;
}

/// Collects what is logged while it lives.
class LogRecorder {
 public:
  LogRecorder()
      : before_(log::set_sink([this](log::Level level, std::string_view, std::string_view text) {
          if (level >= log::Level::warn) lines_.emplace_back(text);
        })) {}
  ~LogRecorder() { log::set_sink(std::move(before_)); }

  const std::vector<std::string>& warnings() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  log::Sink before_;
};

TEST(ShardSetTest, NumbersTheSamplesOfAllShards) {
  const TemporaryFolder folder;
  write_tar(folder / "0.tar", {{"a.jpg", "A"}, {"a.txt", "x"}, {"b.jpg", "B"}, {"b.txt", "y"}});
  write_tar(folder / "1.tar", {{"c.jpg", "C"}, {"c.json", R"({"texts": ["z", "w"]})"}});

  const auto set = ShardSet::open({folder.path().string()});

  EXPECT_THAT(describe_all(*set), ElementsAre("A: x", "B: y", "C: z, w"));
  EXPECT_THROW(set->read(3), Error);
}

TEST(ShardSetTest, EmptyShardsAreWarnedOfOnceAndHoldNothing) {
  const TemporaryFolder folder;
  write_text(folder / "0.tar", "");
  write_tar(folder / "1.tar", {{"a.jpg", "A"}, {"a.txt", "x"}});
  write_tar(folder / "2.tar", {});
  write_tar(folder / "3.tar", {{"b.jpg", "B"}, {"b.txt", "y"}});
  write_tar(folder / "4.tar", {{"README", "nothing"}});
  const LogRecorder recorder;

  const auto set = ShardSet::open({folder.path().string()});

  EXPECT_THAT(describe_all(*set), ElementsAre("A: x", "B: y"));
  EXPECT_THAT(recorder.warnings(),
              ElementsAre(HasSubstr("0.tar"), HasSubstr("2.tar"), HasSubstr("4.tar")));
  EXPECT_EQ(set->shards().size(), 5u);
  EXPECT_EQ(set->shards()[2].samples, 0u);
}

TEST(ShardSetTest, ASetWithoutAnySampleIsAnError) {
  const TemporaryFolder folder;
  write_tar(folder / "0.tar", {});
  const LogRecorder recorder;
  for (const std::vector<std::string>& patterns :
       {std::vector<std::string>{}, {folder.path().string()}}) {
    try {
      ShardSet::open(patterns);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::data_corrupt);
    }
  }
}

TEST(ShardSetTest, SamplesThatCannotBeUsedAreValuesWithACause) {
  const TemporaryFolder folder;
  write_tar(folder / "0.tar", {{"a.txt", "no image"},
                               {"b.jpg", "B"},
                               {"c.jpg", "C"},
                               {"c.txt", "\xc3("},
                               {"d.jpg", "D"},
                               {"d.json", "{\"texts\": ["},
                               {"e.jpg", "E"},
                               {"e.cls", "three"},
                               {"f.jpg", "F"},
                               {"f.txt", " \n"},
                               {"g.jpg", "G"},
                               {"g.txt", std::string((1 << 20) + 1, 'g')},
                               {"h.jpg", "H"},
                               {"h.txt", "fine"}});

  const auto set = ShardSet::open({(folder / "0.tar").string()});

  EXPECT_THAT(describe_all(*set),
              ElementsAre("no_image", "no_text", "text_not_utf8", "json_malformed", "bad_label",
                          "no_text", "too_large", "H: fine"));
  const auto fault = std::get<SampleFault>(set->read(2));
  EXPECT_THAT(fault.name, HasSubstr("0.tar:"));
  EXPECT_FALSE(fault.detail.empty());
}

TEST(ShardSetTest, TheClassNameIsTheTextOfASampleWithoutOne) {
  const TemporaryFolder folder;
  write_text(folder / "classnames.txt", "coat\r\nankle boot\n");
  write_tar(folder / "0.tar", {{"a.jpg", "A"},
                               {"a.cls", "1"},
                               {"b.jpg", "B"},
                               {"b.cls", "0\n"},
                               {"b.txt", "own text"},
                               {"c.jpg", "C"},
                               {"c.cls", "2"},
                               {"d.jpg", "D"},
                               {"d.cls", "-1"}});

  const auto set = ShardSet::open({folder.path().string()});

  EXPECT_THAT(set->class_names(), ElementsAre("coat", "ankle boot"));
  EXPECT_THAT(describe_all(*set),
              ElementsAre("A: ankle boot #1", "B: own text #0", "no_text", "bad_label"));
}

TEST(ShardSetTest, ClassNamesMustBeText) {
  const TemporaryFolder folder;
  write_tar(folder / "0.tar", {{"a.jpg", "A"}, {"a.cls", "1"}});
  for (const char* names : {"coat\n\nboot\n", "coat\n\xff\n"}) {
    write_text(folder / "classnames.txt", names);
    try {
      ShardSet::open({folder.path().string()});
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("classnames.txt:2:"));
    }
  }
}

TEST(ShardSetTest, ADamagedShardGivesItsGoodSamplesAndAWarning) {
  const TemporaryFolder folder;
  const std::string tar =
      tar_bytes({{"a.jpg", "A"}, {"a.txt", "x"}, {"b.jpg", std::string(2000, 'B')}});
  write_text(folder / "0.tar", tar.substr(0, 3000));
  const LogRecorder recorder;

  const auto set = ShardSet::open({folder.path().string()});

  EXPECT_THAT(describe_all(*set), ElementsAre("A: x"));
  EXPECT_THAT(recorder.warnings(), ElementsAre(HasSubstr("\"b.jpg\" at byte 2048 has 2000 bytes")));
  EXPECT_EQ(set->shards()[0].faults.at("tar_truncated"), 1);
}

TEST(ShardSetTest, AShardThatShrinksOrVanishesLaterGivesFaults) {
  const TemporaryFolder folder;
  const Members members{{"a.jpg", "A"}, {"a.txt", "x"}};
  write_tar(folder / "0.tar", members);
  write_tar(folder / "1.tar", members);
  const auto set = ShardSet::open({folder.path().string()});

  std::filesystem::resize_file(folder / "0.tar", 1024);
  std::filesystem::remove(folder / "1.tar");

  EXPECT_THAT(describe_all(*set), ElementsAre("short_read", "read_failed"));
}

TEST(ShardSetTest, FindsTheSamplesWithLongTexts) {
  const TemporaryFolder folder;
  Random random(RandomKey(2));
  std::vector<uint64_t> expected;
  uint64_t sample = 0;
  for (int shard = 0; shard < 3; ++shard) {
    Members members;
    for (int i = 0; i < 300; ++i, ++sample) {
      const bool long_text = random.below(5) == 0;
      if (long_text) expected.push_back(sample);
      members.emplace_back(fmt::format("{}.jpg", i), "J");
      members.emplace_back(fmt::format("{}.txt", i), long_text ? "one two three" : "one two");
    }
    write_tar(folder / fmt::format("{}.tar", shard), members);
  }
  for (int pass = 0; pass < 2; ++pass) {  // the second one uses the indices kept by the first
    const auto set = ShardSet::open({folder.path().string()});
    ASSERT_EQ(set->long_text_count(), expected.size());
    for (uint64_t k = 0; k < expected.size(); ++k) ASSERT_EQ(set->long_text_sample(k), expected[k]);
    EXPECT_THROW(set->long_text_sample(expected.size()), Error);
  }
}

TEST(ShardSetTest, ReadsFromManyThreadsAndMoreShardsThanOpenFiles) {
  const TemporaryFolder folder;
  constexpr uint64_t kShards = ShardSet::kMaxOpenFiles + 6;
  for (uint64_t shard = 0; shard < kShards; ++shard) {
    write_tar(folder / fmt::format("{:03}.tar", shard),
              {{"a.jpg", fmt::format("{}", 2 * shard)},
               {"a.txt", "x"},
               {"b.jpg", fmt::format("{}", 2 * shard + 1)},
               {"b.txt", "y"}});
  }
  const auto set = ShardSet::open({folder.path().string()});
  std::atomic<int> wrong = 0;

  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      Random random(RandomKey(1).child(thread));
      for (int i = 0; i < 500; ++i) {
        const uint64_t index = random.below(set->size());
        const auto expected = fmt::format("{}: {}", index, index % 2 == 0 ? "x" : "y");
        if (describe(set->read(index)) != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(wrong, 0);
  size_t open_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry.path(), error);
    open_files += target.parent_path() == std::filesystem::canonical(folder.path()) ? 1 : 0;
  }
  EXPECT_LE(open_files, ShardSet::kMaxOpenFiles);
  EXPECT_GT(open_files, 0u);
}

}  // namespace
}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "io/shard_index.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "common/error.h"
#include "common/hash.h"
#include "common/random.h"
#include "io/detail/bit_rank.h"
#include "tests/io/shard_files.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What a sample's members hold, "-" for none: "image|text|json|label", "!" after it for a long
/// text.
std::string describe(const std::string& tar, const SampleMembers& members) {
  const auto text = [&](MemberRange range) {
    return range.present() ? tar.substr(range.offset, range.size) : "-";
  };
  return text(members.image) + "|" + text(members.text) + "|" + text(members.json) + "|" +
         text(members.label) + (members.has_long_text ? "!" : "");
}

std::vector<std::string> samples_of(const std::string& tar) {
  const ShardIndex index = ShardIndex::build(source_of(tar));
  std::vector<std::string> out, again;
  for (uint64_t i = 0; i < index.size(); ++i) out.push_back(describe(tar, index.at(i)));
  index.for_each([&](const SampleMembers& members) { again.push_back(describe(tar, members)); });
  EXPECT_EQ(again, out);
  return out;
}

TEST(ShardIndexTest, GroupsConsecutiveMembersByKey) {
  EXPECT_THAT(samples_of(tar_bytes({{"a.jpg", "A"},
                                    {"a.txt", "cat"},
                                    {"b.PNG", "B"},
                                    {"b.json", "{}"},
                                    {"b.cls", "3"},
                                    {"d/b.webp", "C"},
                                    {"d/b.caption", "one two three"}})),
              ElementsAre("A|cat|-|-", "B|-|{}|3", "C|one two three|-|-!"));
}

TEST(ShardIndexTest, TheKeyEndsAtTheFirstDotOfTheName) {
  EXPECT_THAT(
      samples_of(tar_bytes({{"d.x/a.jpg", "A"}, {"d.x/a.seg.txt", "t"}, {"d.y/a.txt", "u"}})),
      ElementsAre("A|t|-|-", "-|u|-|-"));
}

TEST(ShardIndexTest, ASecondMemberOfAnExtensionBeginsASample) {
  EXPECT_THAT(
      samples_of(tar_bytes({{"a.jpg", "1"}, {"a.txt", "x"}, {"a.jpg", "2"}, {"a.txt", "y"}})),
      ElementsAre("1|x|-|-", "2|y|-|-"));
}

TEST(ShardIndexTest, PassesOverWhatItDoesNotKnow) {
  EXPECT_THAT(
      samples_of(tar_bytes(
          {{"README", "r"}, {"a.jpg", "A"}, {"a.npy", "n"}, {"a.txt", "t"}, {"b.npz", "z"}})),
      ElementsAre("A|t|-|-"));
}

TEST(ShardIndexTest, AnExtensionIsItsLastPart) {
  // WebDataset calls these two suffixes; both are images, and the first of a kind counts.
  EXPECT_THAT(samples_of(tar_bytes({{"a.jpg", "A"}, {"a.mask.png", "M"}})), ElementsAre("A|-|-|-"));
}

TEST(ShardIndexTest, MarksSamplesWithALongText) {
  EXPECT_THAT(samples_of(tar_bytes({{"a.txt", "two words"},
                                    {"b.txt", "three words here"},
                                    {"c.json", R"({"texts": ["x", "three words here"]})"},
                                    {"d.json", R"({"caption": "three words here"})"}})),
              ElementsAre("-|two words|-|-", "-|three words here|-|-!",
                          R"(-|-|{"texts": ["x", "three words here"]}|-!)",
                          R"(-|-|{"caption": "three words here"}|-!)"));
}

TEST(ShardIndexTest, FindsEachOfManySamples) {
  Random random(RandomKey(4));
  Members members;
  std::vector<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string image(random.below(2000), 'i');
    const bool long_text = random.below(2) == 1;
    const std::string text = long_text ? "a b c" : "a";
    members.emplace_back(fmt::format("{}.jpg", i), image);
    members.emplace_back(fmt::format("{}.txt", i), text);
    expected.push_back(image + "|" + text + "|-|-" + (long_text ? "!" : ""));
  }
  EXPECT_EQ(samples_of(tar_bytes(members)), expected);
}

TEST(ShardIndexTest, KeepsTheSamplesBeforeADamage) {
  const std::string tar =
      tar_bytes({{"a.jpg", "A"}, {"a.txt", "x"}, {"b.jpg", "B"}, {"b.txt", "y"}});
  const std::string cut = tar.substr(0, 512 * 7);
  EXPECT_THAT(samples_of(cut), ElementsAre("A|x|-|-", "B|-|-|-"));
  const ShardIndex index = ShardIndex::build(source_of(cut));
  EXPECT_EQ(index.faults().at("tar_truncated"), 1);
  EXPECT_THAT(index.fault_text(), ::testing::HasSubstr("\"b.txt\""));
}

TEST(ShardIndexTest, AnEmptyShardHasNoSamples) {
  EXPECT_THAT(samples_of(tar_bytes({})), IsEmpty());
  EXPECT_THAT(samples_of(""), IsEmpty());
  EXPECT_THROW(ShardIndex::build(source_of("")).at(0), Error);
}

TEST(TextsOfTest, TakesTextsThenCaptionThenTheTextMember) {
  const auto texts = [](std::string_view text, std::string_view json) {
    std::string problem;
    auto out = texts_of(text, json, problem);
    if (!problem.empty()) out.push_back("problem: " + problem);
    return out;
  };
  EXPECT_THAT(texts("t", R"({"texts": ["b", "a", "b", " ", 7], "caption": "c"})"),
              ElementsAre("b", "a"));
  EXPECT_THAT(texts("t", R"({"caption": "c"})"), ElementsAre("c"));
  EXPECT_THAT(texts("t", R"({"caption": null})"), ElementsAre("t"));
  EXPECT_THAT(texts(" t\r\n", "[]"), ElementsAre("t"));
  EXPECT_THAT(texts("t", "{"), ElementsAre("t", "problem: json_malformed"));
  EXPECT_THAT(texts("", "{\"caption\": \"\xff\"}"), ElementsAre("problem: json_malformed"));
  EXPECT_THAT(texts("\xff", ""), ElementsAre("problem: text_not_utf8"));
  EXPECT_THAT(texts(" \n", ""), IsEmpty());
  EXPECT_THAT(texts("t", std::string(500000, '[')), ElementsAre("t", "problem: json_malformed"));
}

TEST(TextsOfTest, ManyTextsAreNotSlow) {
  std::string json = R"({"texts": ["x")";
  for (int i = 0; i < 100000; ++i) json += fmt::format(",\"{}\"", i);
  std::string problem;
  EXPECT_EQ(texts_of("", json + "]}", problem).size(), 100001u);
}

class KeptIndexTest : public ::testing::Test {
 protected:
  KeptIndexTest() { write_tar(shard_, {{"a.jpg", "A"}, {"a.txt", "x"}}); }

  uint64_t samples() const { return ShardIndex::open(shard_).size(); }

  TemporaryFolder folder_;
  std::filesystem::path shard_ = folder_ / "s.tar";
  std::filesystem::path kept_ = folder_ / "s.tar.arnoidx";
};

TEST_F(KeptIndexTest, IsWrittenAndUsed) {
  const ShardIndex fresh = ShardIndex::open(shard_);
  ASSERT_TRUE(std::filesystem::exists(kept_));
  // Same size and time, other content: only an index that is not read anew can miss it.
  const auto time = std::filesystem::last_write_time(shard_);
  const auto size = std::filesystem::file_size(shard_);
  write_text(shard_, std::string(size, '\0'));
  std::filesystem::last_write_time(shard_, time);

  const ShardIndex used = ShardIndex::open(shard_);
  ASSERT_EQ(used.size(), 1u);
  EXPECT_EQ(used.at(0).image.offset, fresh.at(0).image.offset);
  EXPECT_EQ(used.at(0).text.offset, fresh.at(0).text.offset);
}

TEST_F(KeptIndexTest, IsMadeAnewWhenTheShardChanged) {
  ASSERT_EQ(samples(), 1u);
  write_tar(shard_, {{"a.jpg", "A"}, {"b.jpg", "B"}});
  EXPECT_EQ(samples(), 2u);
  EXPECT_EQ(samples(), 2u);
}

TEST_F(KeptIndexTest, IsMadeAnewWhenAnyByteIsWrong) {
  ASSERT_EQ(samples(), 1u);
  const std::string good = read_text(kept_);
  for (size_t i = 0; i < good.size(); i += 2) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    write_text(kept_, bad);
    ASSERT_EQ(samples(), 1u) << "byte " << i;
    ASSERT_EQ(read_text(kept_), good) << "byte " << i;
  }
  for (size_t size = 0; size < good.size(); size += 5) {
    write_text(kept_, good.substr(0, size));
    ASSERT_EQ(samples(), 1u) << "cut at " << size;
  }
}

TEST_F(KeptIndexTest, IsMadeAnewWhenItPointsOutsideTheShard) {
  ASSERT_EQ(samples(), 1u);
  const std::string good = read_text(kept_);
  // Behind 32 bytes of head: flags, offset, size of the image. Each gets a hostile value and the
  // file a checksum that holds.
  for (const size_t at : {24, 25, 26, 27, 32, 33, 34, 35}) {
    std::string bad = good.substr(0, good.size() - 8);
    bad[at] = '\x7f';
    const uint64_t sum = hash64(bad);
    bad.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
    write_text(kept_, bad);
    const ShardIndex index = ShardIndex::open(shard_);
    index.for_each([&](const SampleMembers& members) {
      for (const MemberRange& range : {members.image, members.text, members.json, members.label}) {
        EXPECT_LE(range.offset + range.size, std::filesystem::file_size(shard_)) << at;
      }
    });
  }
}

TEST_F(KeptIndexTest, IsNotNeeded) {
  std::filesystem::create_directory(kept_);
  EXPECT_EQ(samples(), 1u);
}

TEST_F(KeptIndexTest, OfADamagedShardIsNotKeptSoThatTheDamageIsReportedEachTime) {
  const std::string tar = read_text(shard_);
  write_text(shard_, tar.substr(0, 1024));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ShardIndex::open(shard_).faults().at("tar_no_end"), 1);
    EXPECT_FALSE(std::filesystem::exists(kept_));
  }
}

TEST(BitRankTest, AgreesWithAList) {
  Random random(RandomKey(8));
  for (const uint64_t sparse : {1, 2, 40, 3000}) {
    detail::BitRank bits;
    std::vector<uint64_t> ones;
    for (uint64_t i = 0; i < 5000; ++i) {
      const bool bit = random.below(sparse) == 0;
      if (bit) ones.push_back(i);
      bits.push_back(bit);
    }
    ASSERT_EQ(bits.count(), ones.size());
    for (uint64_t k = 0; k < ones.size(); ++k) ASSERT_EQ(bits.select(k), ones[k]);
    EXPECT_THROW(bits.select(ones.size()), Error);
  }
}

}  // namespace
}  // namespace arno::io

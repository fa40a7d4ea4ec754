// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "common/error.h"
#include "io/tar_reader.h"
#include "io/tar_writer.h"
#include "tests/io/shard_files.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Walk {
  Members members;
  std::string cause;  ///< of the fault; empty without one
  uint64_t offset = 0;
};

Walk walk(const std::string& tar) {
  const auto source = source_of(tar);
  TarReader reader(source);
  Walk out;
  while (const auto member = reader.next()) {
    std::string text(member->size, '?');
    EXPECT_EQ(source->read_at(member->offset, std::as_writable_bytes(std::span(text))),
              text.size());
    out.members.emplace_back(member->name, text);
  }
  EXPECT_FALSE(reader.next()) << "goes on after the end";
  if (reader.fault()) {
    out.cause = reader.fault()->cause;
    out.offset = reader.fault()->offset;
    EXPECT_FALSE(reader.fault()->text.empty());
  }
  return out;
}

std::string octal(uint64_t size) { return fmt::format("{:011o}", size); }
std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512);
  return text;
}
const std::string kEnd(1024, '\0');

TEST(TarTest, ReadsBackWhatWasWritten) {
  const Members members{{"a.txt", "one"},
                        {"folder/b.jpg", std::string(512, 'x')},
                        {"empty", ""},
                        {std::string(100, 'n'), "just fits"},
                        {std::string(101, 'n'), "needs a pax record"},
                        {std::string(980, 'd') + "/c.png", std::string(5000, 'y')}};

  const Walk found = walk(tar_bytes(members));

  EXPECT_EQ(found.members, members);
  EXPECT_EQ(found.cause, "");
}

TEST(TarTest, PaxRecordsCountTheirOwnLengthAtEveryDigit) {
  Members members;
  for (size_t size = 101; size < 1100; ++size) members.emplace_back(std::string(size, 'n'), "x");
  EXPECT_EQ(walk(tar_bytes(members)).members, members);
}

TEST(TarTest, TheSameMembersGiveTheSameBytes) {
  const Members members{{"a", "1"}, {std::string(200, 'b'), "2"}};
  EXPECT_EQ(tar_bytes(members), tar_bytes(members));
}

TEST(TarTest, AppearsOnlyWhenFinished) {
  const TemporaryFolder folder;
  {
    TarWriter tar(folder / "a.tar");
    tar.add("x", "y");
    EXPECT_FALSE(std::filesystem::exists(folder / "a.tar"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(TarTest, RefusesNamesThatAreNone) {
  const TemporaryFolder folder;
  TarWriter tar(folder / "a.tar");
  EXPECT_THROW(tar.add("", "x"), Error);
  EXPECT_THROW(tar.add(std::string_view("a\0b", 3), "x"), Error);
}

TEST(TarTest, EveryTruncationKeepsTheWholeMembersAndIsReported) {
  const Members members{{"a.jpg", std::string(700, 'a')},
                        {std::string(150, 'b') + ".txt", "text"},
                        {"c.jpg", std::string(512, 'c')}};
  const std::string tar = tar_bytes(members);
  const size_t end_marks = tar.size() - 1024;
  size_t most = 0;
  std::vector<size_t> cuts;
  for (size_t block = 512; block < tar.size(); block += 512) {
    cuts.insert(cuts.end(), {block - 1, block, block + 1});
  }
  for (const size_t size : cuts) {
    const Walk found = walk(tar.substr(0, size));

    ASSERT_LE(found.members.size(), members.size());
    ASSERT_GE(found.members.size(), most) << "cut at " << size;
    most = found.members.size();
    for (size_t i = 0; i < found.members.size(); ++i) ASSERT_EQ(found.members[i], members[i]);
    if (size < end_marks + 512) {
      EXPECT_THAT(found.cause, ::testing::AnyOf("tar_truncated", "tar_no_end")) << size;
    } else {
      EXPECT_EQ(found.cause, "") << size;
    }
  }
  EXPECT_EQ(most, members.size());
}

TEST(TarTest, AFileOfNoBytesHasNoMembersAndNoFault) {
  EXPECT_TRUE(walk("").members.empty());
  EXPECT_EQ(walk("").cause, "");
}

TEST(TarTest, ReadsGnuLongNamesAndUstarPrefixes) {
  const std::string name(300, 'g');
  std::string prefixed = raw_header("name.txt", octal(1));
  prefixed.replace(345, 6, "folder");
  unsigned sum = 8 * ' ';
  for (size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<uint8_t>(prefixed[i]);
  }
  prefixed.replace(148, 7, fmt::format("{:06o}", sum) + '\0');

  const Walk found =
      walk(raw_header("././@LongLink", octal(301), 'L') + padded(name + '\0') +
           raw_header("ggg", octal(2)) + padded("hi") + prefixed + padded("x") + kEnd);

  EXPECT_THAT(found.members, ElementsAre(Pair(name, "hi"), Pair("folder/name.txt", "x")));
  EXPECT_EQ(found.cause, "");
}

TEST(TarTest, PaxSizeWinsOverTheHeader) {
  const std::string pax = "10 size=3\n";
  const Walk found = walk(raw_header("pax", octal(pax.size()), 'x') + padded(pax) +
                          raw_header("a", octal(0)) + padded("abc") + kEnd);

  EXPECT_THAT(found.members, ElementsAre(Pair("a", "abc")));
}

TEST(TarTest, PassesOverFoldersLinksAndGlobalHeaders) {
  const std::string pax = "14 comment=hi\n";
  const Walk found = walk(raw_header("g", octal(pax.size()), 'g') + padded(pax) +
                          raw_header("dir/", octal(0), '5') + raw_header("link", octal(0), '2') +
                          raw_header("a", octal(1)) + padded("x") + kEnd);

  EXPECT_THAT(found.members, ElementsAre(Pair("a", "x")));
  EXPECT_EQ(found.cause, "");
}

TEST(TarTest, ReadsBase256Sizes) {
  const std::string size = std::string("\x80", 1) + std::string(10, '\0') + "\x03";
  const Walk found = walk(raw_header("a", size) + padded("abc") + kEnd);
  EXPECT_THAT(found.members, ElementsAre(Pair("a", "abc")));
}

TEST(TarTest, ReportsHostileSizes) {
  const std::string whole = raw_header("good", octal(1)) + padded("x");
  const std::string negative(12, '\xff');
  const std::string huge = std::string("\x80", 1) + std::string(11, '\xff');
  const std::string near_wrap = std::string("\x80") + std::string(3, '\0') + std::string(8, '\xff');
  for (const auto& [size, cause] : Members{{negative, "tar_header"},
                                           {huge, "tar_header"},
                                           {near_wrap, "tar_header"},
                                           {"77777777777", "tar_truncated"},
                                           {"-0000000001", "tar_header"},
                                           {"0000000008x", "tar_header"},
                                           {"           ", "tar_header"}}) {
    for (const char type : {'0', '5', 'L', 'x'}) {
      const Walk found = walk(whole + raw_header("bad", size, type) + kEnd);
      EXPECT_THAT(found.members, ElementsAre(Pair("good", "x")));
      EXPECT_EQ(found.cause, cause) << "type " << type;
      EXPECT_EQ(found.offset, whole.size());
    }
  }
}

TEST(TarTest, ReportsMalformedPaxRecords) {
  for (const std::string pax :
       {"x", "3 a", "99 path=a\n", "0 path=a\n", "10 path=ab", "8 patha\n",
        "99999999999999999999 path=a\n", "10 size=-\n", "29 size=99999999999999999999\n"}) {
    const Walk found = walk(raw_header("p", octal(pax.size()), 'x') + padded(pax) +
                            raw_header("a", octal(1)) + padded("x") + kEnd);
    EXPECT_EQ(found.cause, "tar_header") << pax;
    EXPECT_TRUE(found.members.empty());
  }
}

TEST(TarTest, ReportsAWrongChecksumWithItsPlace) {
  std::string tar = tar_bytes({{"a", "1"}, {"b", "2"}});
  tar[1024] = 'X';
  const Walk found = walk(tar);
  EXPECT_THAT(found.members, ElementsAre(Pair("a", "1")));
  EXPECT_EQ(found.cause, "tar_checksum");
  EXPECT_EQ(found.offset, 1024u);
}

TEST(ByteSourceTest, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(open_file(folder / "pipe"), Error);
  EXPECT_THROW(open_file(folder.path()), Error);
  try {
    open_file(folder / "missing.tar");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::io_failed);
    EXPECT_THAT(error.what(), HasSubstr("missing.tar"));
  }
}

TEST(ByteSourceTest, ReadsLessOnlyAtTheEnd) {
  const TemporaryFolder folder;
  write_text(folder / "a", "0123456789");
  const std::string text = "0123456789";
  for (const auto& source : {open_file(folder / "a"), source_of(text)}) {
    std::string out(4, '?');
    EXPECT_EQ(source->size(), 10u);
    EXPECT_EQ(source->read_at(8, std::as_writable_bytes(std::span(out))), 2u);
    EXPECT_EQ(out, "89??");
    EXPECT_EQ(source->read_at(10, std::as_writable_bytes(std::span(out))), 0u);
    EXPECT_EQ(source->read_at(99, std::as_writable_bytes(std::span(out))), 0u);
  }
}

}  // namespace
}  // namespace arno::io

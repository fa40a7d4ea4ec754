// SPDX-License-Identifier: Apache-2.0
#include "io/bpe_vocabulary.h"

#include <gmock/gmock.h>
#include <unistd.h>
#include <zlib.h>

#include "common/error.h"
#include "io/atomic_file.h"
#include "io/bpe_tokenizer.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::vector<BpeMerge> kMerges{{"l", "o"}, {"lo", "w</w>"}, {"\u0120", "\u0121</w>"}};

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// The files that write_bpe makes of kMerges.
class BpeVocabularyTest : public ::testing::Test {
 protected:
  BpeVocabularyTest() {
    write_bpe(folder_, kMerges);
    vocab_ = read_file(folder_ / "vocab.json", 1 << 20);
    merges_ = read_file(folder_ / "merges.txt", 1 << 20);
  }
  ~BpeVocabularyTest() override { fs::remove_all(folder_); }

  BpeVocabulary read() const {
    return BpeVocabulary::from_hugging_face({.name = "vocab.json", .text = vocab_},
                                            {.name = "merges.txt", .text = merges_});
  }
  std::string problem() const {
    return problem_of([this] { read(); });
  }
  template <class Action>
  static std::string problem_of(Action action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::data_corrupt);
      return error.what();
    }
    return "no error";
  }
  static std::string clip_problem(std::string_view bytes, size_t merges) {
    return problem_of([&] { BpeVocabulary::from_clip({"clip.gz", bytes}, merges); });
  }
  static void replace(std::string& text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) /
                           (std::string("arno_bpe_") + std::to_string(::getpid()) + "_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string vocab_;
  std::string merges_;
};

TEST_F(BpeVocabularyTest, WrittenFilesReadBackTheSame) {
  const BpeVocabulary expected = BpeVocabulary::from_merges(kMerges);
  const BpeVocabulary actual = BpeVocabulary::open(folder_);
  ASSERT_EQ(actual.size(), 517);
  EXPECT_EQ(actual.start_of_text(), 515);
  EXPECT_EQ(actual.end_of_text(), 516);
  for (int32_t id = 0; id < actual.size(); ++id) {
    EXPECT_EQ(actual.token(id).bytes, expected.token(id).bytes);
    EXPECT_EQ(actual.token(id).ends_word, expected.token(id).ends_word);
  }
  EXPECT_EQ(actual.token(514).bytes, " \x7f");
}

TEST_F(BpeVocabularyTest, WritesHuggingFaceFormat) {
  EXPECT_EQ(merges_, "#version: 0.2\nl o\nlo w</w>\n\u0120 \u0121</w>\n");
  EXPECT_THAT(vocab_, ::testing::StartsWith("{\n\"!\": 0,\n\"\\\"\": 1,\n\"#\": 2,\n"));
  EXPECT_THAT(vocab_, HasSubstr("\"!</w>\": 256,\n"));
  EXPECT_THAT(vocab_, ::testing::EndsWith("\"\u0120\u0121</w>\": 514,\n\"<|startoftext|>\": 515,\n"
                                          "\"<|endoftext|>\": 516\n}\n"));
}

TEST_F(BpeVocabularyTest, IdsOfVocabJsonCount) {
  replace(vocab_, "\"low</w>\": 513", "\"low</w>\": 516");
  replace(vocab_, "\"<|endoftext|>\": 516", "\"<|endoftext|>\": 513");
  const BpeTokenizer bpe(read());
  EXPECT_THAT(bpe.encode("low"), ::testing::ElementsAre(515, 516, 513));
}

TEST_F(BpeVocabularyTest, NamesWhatIsWrongInVocabJson) {
  const std::string good = vocab_;
  const auto problem_with = [&](std::string_view from, std::string_view to) {
    vocab_ = good;
    replace(vocab_, from, to);
    return problem();
  };
  EXPECT_THAT(problem_with("\"b\": 65", "\"b\": 66"),
              HasSubstr("vocab.json: id 66 is given twice"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"b\": 5000"),
              HasSubstr("vocab.json: id 5000 is out of range, expected 0 to 516"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"b\": -1"),
              HasSubstr("token \"b\" has a negative number, expected an id"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"b\": 99999999999"), HasSubstr("too large"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"b\": [[[["), HasSubstr("token \"b\" has an array"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"b\": {\"a\": 1}"), HasSubstr("has an object"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"c\": 65"), HasSubstr("token \"c\" is given twice"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"bb\": 65"), HasSubstr("token \"b\" is missing"));
  EXPECT_THAT(problem_with("\"<|end", "\"<|END"), HasSubstr("token \"<|endoftext|>\" is missing"));
  EXPECT_THAT(problem_with("\"b\": 65", "\"b\" 65"),
              HasSubstr("vocab.json: JSON is broken at byte"));
  vocab_ = "[1]";
  EXPECT_THAT(problem(), HasSubstr("found an array, expected an object"));
  vocab_ = "";
  EXPECT_THAT(problem(), HasSubstr("JSON is broken"));
}

TEST_F(BpeVocabularyTest, NamesTheLineOfAWrongMerge) {
  const std::string good = merges_;
  const auto problem_with = [&](std::string_view from, std::string_view to) {
    merges_ = good;
    replace(merges_, from, to);
    return problem();
  };
  EXPECT_THAT(problem_with("l o\n", "lo\n"),
              HasSubstr("merges.txt:2: found \"lo\", expected two tokens with a space between"));
  EXPECT_THAT(problem_with("l o\n", "l  o\n"), HasSubstr("merges.txt:2: found"));
  EXPECT_THAT(problem_with("l o\n", "l o\n\n"), HasSubstr("merges.txt:3: found \"\""));
  EXPECT_THAT(problem_with("l o\n", "l o\nl o\n"),
              HasSubstr("merges.txt:3: token \"lo\" is made a second time"));
  EXPECT_THAT(
      problem_with("l o\n", ""),
      HasSubstr("merges.txt:2: token \"lo\" is neither a byte nor made by an earlier line"));
  EXPECT_THAT(problem_with("l o\n", "l o</w>\n"), HasSubstr("which the vocabulary does not have"));
  EXPECT_THAT(problem_with("lo w</w>\n", ""),
              HasSubstr("vocab.json: token 513 is made by no line of merges.txt"));
  EXPECT_THAT(problem_with("lo w</w>", "w</w> lo"), HasSubstr("nothing can follow it"));
}

TEST_F(BpeVocabularyTest, LineEndsOfWindowsAreAccepted) {
  merges_ = "l o\r\nlo w</w>\r\n\u0120 \u0121</w>\r\n";
  EXPECT_EQ(read().size(), 517);
}

TEST_F(BpeVocabularyTest, MergesThatMakeNoVocabularyAreNotWritten) {
  const std::vector<BpeMerge> wrong{{"lo", "w"}};
  EXPECT_THROW(write_bpe(folder_ / "new", wrong), Error);
  EXPECT_FALSE(fs::exists(folder_ / "new"));
}

TEST_F(BpeVocabularyTest, ReadsClipsFileAndIgnoresLinesBeyond) {
  const std::string bytes = gzip("a comment\nl o\nlo w</w>\nnot used\n");

  const BpeVocabulary vocabulary = BpeVocabulary::from_clip({"clip.gz", bytes}, 2);

  EXPECT_EQ(vocabulary.size(), 516);
  EXPECT_EQ(vocabulary.token(513).bytes, "low");
  EXPECT_TRUE(vocabulary.token(513).ends_word);
}

TEST_F(BpeVocabularyTest, NamesWhatIsWrongInClipsFile) {
  const std::string good = gzip("a comment\nl o\nlo w</w>\n");
  EXPECT_THAT(clip_problem(good, 3), HasSubstr("clip.gz: found 2 merges, expected 3"));
  EXPECT_THAT(clip_problem(gzip("a\nl o\nlo x\nl o\n"), 3),
              HasSubstr("clip.gz:4: token \"lo\" is made a second time"));
  EXPECT_THAT(clip_problem("plain text", 2), HasSubstr("'clip.gz' is not a complete gzip file"));
  EXPECT_THAT(clip_problem(good + "x", 2), HasSubstr("has 1 bytes after the end"));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(clip_problem(good.substr(0, size), 2), HasSubstr("not a complete gzip file"));
  }
}

TEST_F(BpeVocabularyTest, CompressionBombIsRefused) {
  EXPECT_THAT(clip_problem(gzip(std::string(65 << 20, 'x')), 2), HasSubstr("unpacks to more than"));
}

TEST_F(BpeVocabularyTest, MissingFileIsNamed) {
  fs::remove(folder_ / "merges.txt");
  try {
    BpeVocabulary::open(folder_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::io_failed);
    EXPECT_THAT(error.what(), HasSubstr("merges.txt': No such file or directory"));
  }
}

}  // namespace
}  // namespace arno::io

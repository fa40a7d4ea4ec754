// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>

#include "common/error.h"
#include "common/random.h"
#include "io/read_file.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A file of this header and so many bytes of data, 0, 1, 2, ...
std::string file_of(std::string_view header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &size, 8);
  out += header;
  for (size_t i = 0; i < data_bytes; ++i) out += static_cast<char>(i);
  return out;
}

TensorFile parse(std::string_view bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "w.safetensors");
}

std::string problem_of(std::string_view bytes) {
  try {
    parse(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::data_corrupt);
    EXPECT_THAT(error.what(), HasSubstr("w.safetensors"));
    return error.what();
  }
  return "no error";
}

class SafetensorsTest : public ::testing::Test {
 protected:
  ~SafetensorsTest() override { fs::remove(path_); }

  const fs::path path_ =
      fs::path(::testing::TempDir()) /
      (std::string("arno_") + std::to_string(::getpid()) + "_" +
       ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".safetensors");
};

TEST_F(SafetensorsTest, EveryDtypeReadsBackAsWritten) {
  std::vector<StoredTensor> tensors;
  Random random(RandomKey(1));
  for (const auto dtype : {ops::DType::f64, ops::DType::f32, ops::DType::bf16, ops::DType::i64,
                           ops::DType::i32, ops::DType::u8}) {
    ops::Tensor value = ops::Tensor::empty({2, 3}, dtype);
    for (size_t i = 0; i < value.size_bytes(); ++i) {
      value.mutable_raw()[i] = static_cast<std::byte>(random.below(256));
    }
    tensors.push_back({"t." + std::string(ops::to_string(dtype)), value});
  }
  tensors.push_back({"empty", ops::Tensor::empty({0, 4}, ops::DType::f32)});
  tensors.push_back({"a \"scalar\"\n", ops::Tensor::full({}, ops::DType::f32, 7)});

  write_safetensors(path_, tensors, {{"step", "12"}, {"é", "\""}});
  const TensorFile file = read_safetensors(path_);

  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"step", "12"}, {"é", "\""}}));
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const StoredTensor& expected : tensors) {
    const ops::Tensor* actual = file.find(expected.name);
    ASSERT_NE(actual, nullptr) << expected.name;
    EXPECT_EQ(actual->describe(), expected.value.describe());
    EXPECT_EQ(std::memcmp(actual->raw(), expected.value.raw(), actual->size_bytes()), 0);
  }
  EXPECT_EQ(file.find("none"), nullptr);
}

TEST_F(SafetensorsTest, SameTensorsGiveTheSameAlignedBytes) {
  const std::vector<StoredTensor> tensors{{"b", ops::Tensor::full({3}, ops::DType::f32, 1)},
                                          {"a", ops::Tensor::full({2}, ops::DType::f32, 2)}};
  write_safetensors(path_, tensors);
  const std::string first = read_file(path_, 10'000);
  write_safetensors(path_, tensors);
  EXPECT_EQ(read_file(path_, 10'000), first);
  EXPECT_EQ((first.size() - 5 * sizeof(float)) % 8, 0u);
}

TEST_F(SafetensorsTest, ReadsAFileWrittenByHand) {
  const TensorFile file = parse(file_of(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},)"
      R"("a":{"dtype":"I32","shape":[1,1],"data_offsets":[0,4]}}   )",
      6));
  EXPECT_EQ(file.metadata.at("format"), "pt");
  EXPECT_EQ(file.tensors[0].name, "a");
  EXPECT_EQ(file.find("a")->data<int32_t>()[0], 0x03020100);
  EXPECT_THAT(file.find("b")->data<uint8_t>(), ::testing::ElementsAre(4, 5));
  EXPECT_TRUE(parse(file_of("{}", 0)).tensors.empty());
}

TEST_F(SafetensorsTest, RefusesTheSameNameTwiceWhenWriting) {
  const std::vector<StoredTensor> tensors{{"a", ops::Tensor::zeros({1}, ops::DType::f32)},
                                          {"a", ops::Tensor::zeros({1}, ops::DType::f32)}};
  EXPECT_THROW(write_safetensors(path_, tensors), Error);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SafetensorsTest, RefusesAWrongHeaderLength) {
  EXPECT_THAT(problem_of(""), HasSubstr("shorter than a safetensors header"));
  EXPECT_THAT(problem_of("1234567"), HasSubstr("shorter than a safetensors header"));
  EXPECT_THAT(problem_of(std::string(8, '\xff') + "{}"), HasSubstr("longer than the file"));
  EXPECT_THAT(problem_of(std::string("\3\0\0\0\0\0\0\0{}", 10)), HasSubstr("longer than the file"));
}

TEST_F(SafetensorsTest, RefusesAHeaderThatIsNoTensorList) {
  for (const char* header :
       {"", "{", "[]", "7", "null", "{\"a\":1}", "{\"a\":{}}", "{} {}", "{\"\xff\":{}}",
        R"({"__metadata__":{"a":1}})", R"({"__metadata__":[]})",
        R"({"a":{"dtype":"U8","shape":[2]}})", R"({"a":{"dtype":"U8","data_offsets":[0,2]}})",
        R"({"a":{"shape":[2],"data_offsets":[0,2]}})"}) {
    EXPECT_NE(problem_of(file_of(header, 2)), "no error") << header;
  }
  EXPECT_NE(problem_of(file_of(std::string(1'000'000, '['), 2)), "no error");
}

TEST_F(SafetensorsTest, RefusesWrongEntries) {
  const auto entry = [](std::string_view dtype, std::string_view shape, std::string_view offsets) {
    return file_of(fmt::format(R"({{"a":{{"dtype":{},"shape":{},"data_offsets":{}}}}})", dtype,
                               shape, offsets),
                   8);
  };
  EXPECT_EQ(problem_of(entry("\"U8\"", "[8]", "[0,8]")), "no error");
  EXPECT_THAT(problem_of(entry("\"U9\"", "[8]", "[0,8]")), HasSubstr("dtype"));
  EXPECT_THAT(problem_of(entry("8", "[8]", "[0,8]")), HasSubstr("dtype"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[-8]", "[0,8]")), HasSubstr("extent"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[8.0]", "[0,8]")), HasSubstr("extent"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "8", "[0,8]")), HasSubstr("shape"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[7]", "[0,8]")), HasSubstr("8 bytes for U8"));
  EXPECT_THAT(problem_of(entry("\"F32\"", "[8]", "[0,8]")), HasSubstr("8 bytes for F32"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[8]", "[8,0]")), HasSubstr("at bytes 8 to 0"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[9]", "[0,9]")), HasSubstr("extent"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[8]", "[0,8,9]")), HasSubstr("expected two numbers"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[8]", "[0,-8]")), HasSubstr("expected two numbers"));
  EXPECT_THAT(problem_of(entry("\"F64\"", "[18446744073709551615]", "[0,8]")), HasSubstr("extent"));
  EXPECT_THAT(problem_of(entry("\"F64\"", "[8,8,8,8]", "[0,8]")), HasSubstr("more elements"));
  EXPECT_THAT(problem_of(entry("\"U8\"", "[0]", "[0,0]")), HasSubstr("describes 0 bytes"));
}

TEST_F(SafetensorsTest, RefusesGapsOverlapsAndRepeatedNames) {
  const auto two = [](std::string_view first, std::string_view offsets1,
                      std::string_view offsets2) {
    const std::string_view format = R"({{"{}":{{"dtype":"U8","shape":[4],"data_offsets":{}}},)"
                                    R"("b":{{"dtype":"U8","shape":[4],"data_offsets":{}}}}})";
    return file_of(fmt::format(fmt::runtime(format), first, offsets1, offsets2), 8);
  };
  EXPECT_EQ(problem_of(two("a", "[0,4]", "[4,8]")), "no error");
  EXPECT_THAT(problem_of(two("a", "[0,4]", "[0,4]")), HasSubstr("gap or overlap"));
  EXPECT_THAT(problem_of(two("a", "[0,4]", "[3,7]")), HasSubstr("gap or overlap"));
  EXPECT_THAT(problem_of(two("a", "[1,5]", "[4,8]")), HasSubstr("gap or overlap"));
  EXPECT_THAT(problem_of(two("b", "[0,4]", "[4,8]")), HasSubstr("twice"));
}

TEST_F(SafetensorsTest, RefusesEveryTruncation) {
  write_safetensors(path_,
                    std::vector<StoredTensor>{{"a", ops::Tensor::full({3}, ops::DType::f32, 1)}});
  const std::string good = read_file(path_, 10'000);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(problem_of(good.substr(0, size)), "no error") << size;
  }
  EXPECT_NE(problem_of(good + '\0'), "no error");
}

TEST_F(SafetensorsTest, MissingFileIsNamed) {
  try {
    read_safetensors(path_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::io_failed);
    EXPECT_THAT(error.what(), HasSubstr(path_.string()));
  }
}

}  // namespace
}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/frame.h"

#include <gmock/gmock.h>

#include "common/random.h"
#include "tests/io/zeromq/link_fixture.h"
#include "tests/support/problem_of.h"

namespace arno::io {
namespace {

using ::testing::HasSubstr;

Message sample() {
  return {.kind = MessageKind::deliver,
          .lane = 7,
          .generation = 3,
          .number = 0x0102030405060708,
          .bytes = 5000,
          .tag = {.slot = 42, .step = -1},
          .name = "RawItem",
          .detail = "",
          .parts = {random_bytes(3, 1), random_bytes(0, 2), random_bytes(5000, 3)}};
}

/// What is wrong with a message; "" when nothing is.
std::string fault_of(std::span<const std::byte> header, const std::vector<SharedBytes>& parts) {
  const auto parsed = parse_message(header, parts);
  const auto* fault = std::get_if<FrameFault>(&parsed);
  return fault ? fault->text : "";
}

/// The header of sample() with a byte replaced.
std::string fault_with(size_t at, uint8_t value) {
  auto header = encode_header(sample());
  header.at(at) = static_cast<std::byte>(value);
  return fault_of(header, sample().parts);
}

TEST(FrameTest, EveryKindComesBack) {
  for (uint16_t kind = 1; kind <= 5; ++kind) {
    Message message = sample();
    message.kind = static_cast<MessageKind>(kind);
    const auto parsed = parse_message(encode_header(message), message.parts);
    ASSERT_TRUE(std::holds_alternative<Message>(parsed)) << kind;
    const auto& back = std::get<Message>(parsed);
    EXPECT_EQ(back.kind, message.kind);
    EXPECT_EQ(back.lane, 7);
    EXPECT_EQ(back.generation, 3u);
    EXPECT_EQ(back.number, message.number);
    EXPECT_EQ(back.bytes, 5000);
    EXPECT_EQ(back.tag.slot, 42);
    EXPECT_EQ(back.tag.step, -1);
    EXPECT_EQ(back.name, "RawItem");
    ASSERT_EQ(back.parts.size(), 3u);
    EXPECT_EQ(back.parts[2].span().data(), message.parts[2].span().data()) << "parts are shared";
  }
}

/// The bytes of docs/frames.md's example: another language writes the same.
TEST(FrameTest, BytesAreThoseOfTheSpecification) {
  const auto header = encode_header({.name = "ab", .detail = "job"});
  std::string hex;
  for (const std::byte byte : header) hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
  EXPECT_EQ(hex,
            "41524e4f"
            "0100"
            "0100"
            "ffffffff"
            "0000000000000000"
            "0000000000000000"
            "0000000000000000"
            "ffffffffffffffff"
            "ffffffffffffffff"
            "0200"
            "0300"
            "00000000"
            "6162"
            "6a6f62");
}

TEST(FrameTest, TruncatedAnywhereIsAFault) {
  const auto header = encode_header(sample());
  for (size_t size = 0; size < header.size(); ++size) {
    EXPECT_NE(fault_of(std::span(header).first(size), sample().parts), "") << size << " bytes";
  }
  auto longer = header;
  longer.push_back({});
  EXPECT_THAT(fault_of(longer, sample().parts), HasSubstr("expected its end at"));
}

TEST(FrameTest, PartsMustBeThoseAnnounced) {
  const auto header = encode_header(sample());
  auto parts = sample().parts;
  parts[2] = random_bytes(4999, 3);
  EXPECT_THAT(fault_of(header, parts), HasSubstr("announces 5000 bytes of part 2, 4999 came"));
  parts.pop_back();
  EXPECT_THAT(fault_of(header, parts), HasSubstr("announces 3 parts, 2 came"));
}

TEST(FrameTest, WrongFieldsAreNamed) {
  EXPECT_THAT(fault_with(0, 'X'), HasSubstr("expected 4f4e5241"));
  EXPECT_THAT(fault_with(6, 9), HasSubstr("kind 9, expected 1 to 5"));
  EXPECT_THAT(fault_with(6, 0), HasSubstr("kind 0"));
  EXPECT_THAT(fault_with(11, 0x80), HasSubstr("lane -"));
  EXPECT_THAT(fault_with(35, 0x80), HasSubstr("an item of -"));
  EXPECT_THAT(fault_with(60, '\n'), HasSubstr("control characters"));
}

TEST(FrameTest, OtherVersionIsToldApart) {
  auto header = encode_header(sample());
  header[4] = std::byte{9};
  const auto parsed = parse_message(header, {});
  const auto* fault = std::get_if<FrameFault>(&parsed);
  ASSERT_NE(fault, nullptr);
  EXPECT_TRUE(fault->other_version);
  EXPECT_EQ(fault->text, "speaks version 9 of the payload frames, expected 1");
}

TEST(FrameTest, RandomDamageNeverCrashes) {
  Random random{RandomKey(5)};
  for (int i = 0; i < 20000; ++i) {
    auto header = encode_header(sample());
    for (int n = 0; n < 3; ++n) {
      header[random.below(header.size())] = static_cast<std::byte>(random.next());
    }
    fault_of(header, sample().parts);
  }
}

TEST(FrameTest, WhatNoPeerWouldTakeIsNotWritten) {
  const auto problem = [](const Message& message) {
    return testing::problem_of(Errc::invalid_argument, [&] { encode_header(message); });
  };
  EXPECT_THAT(problem({.name = std::string(256, 'n')}), HasSubstr("a name of 256 bytes"));
  EXPECT_THAT(problem({.kind = MessageKind::deliver, .lane = 0}), HasSubstr("a name of 0 bytes"));
  EXPECT_THAT(problem({.kind = MessageKind::acknowledge}), HasSubstr("lane -1"));
  EXPECT_THAT(problem({.name = "a\nb"}), HasSubstr("control characters"));
  EXPECT_THAT(problem({.name = "a", .parts = std::vector<SharedBytes>(kMaxParts + 1)}),
              HasSubstr("16385 parts"));
}

}  // namespace
}  // namespace arno::io

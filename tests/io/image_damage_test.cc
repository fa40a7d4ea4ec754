// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "common/random.h"
#include "image_samples.h"
#include "io/image/decode.h"
#include "io/image/encode.h"

namespace arno::io {
namespace {

using testing::Bytes;
using testing::make_jpeg;
using testing::make_png;
using testing::make_webp;
using testing::picture;

std::vector<Bytes> samples() {
  const Image image = picture(40, 60);
  return {
      make_jpeg(image),     make_jpeg(image, {.progressive = true}),
      encode_png(image),    make_png({.height = 40, .width = 60, .interlaced = true}, image.pixels),
      make_webp(image, 90), make_webp(image, -1)};
}

Bytes from_text(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return Bytes(first, first + text.size());
}

void set_big(Bytes& bytes, size_t at, uint32_t value, int count) {
  for (int i = 0; i < count; ++i) {
    bytes[at + static_cast<size_t>(i)] = static_cast<std::byte>(value >> 8 * (count - 1 - i));
  }
}

// Where the height stands in the frame header of a baseline JPEG.
size_t jpeg_size_offset(const Bytes& bytes) {
  for (size_t i = 0; i + 5 < bytes.size(); ++i) {
    if (bytes[i] == std::byte{0xff} && bytes[i + 1] == std::byte{0xc0}) return i + 5;
  }
  return 0;
}

FaultCause cause_of(const Bytes& bytes, const DecodeOptions& options = {}) {
  const DecodeResult result = decode_image(bytes, options);
  EXPECT_FALSE(result.image);
  EXPECT_FALSE(result.fault.text.empty());
  return result.fault.cause;
}

TEST(ImageDamageTest, CutAnywhereGivesFaultOrImage) {
  for (const Bytes& bytes : samples()) {
    for (size_t size = 0; size < bytes.size(); size += size < 700 ? 1 : 13) {
      const std::span<const std::byte> part(bytes.data(), size);
      const DecodeResult strict = decode_image(part);
      const DecodeResult filled = decode_image(part, {.truncated = TruncatedPolicy::kFill});

      EXPECT_NE(strict.image.has_value(), !strict.fault.text.empty()) << "cut at " << size;
      if (strict.image) {
        EXPECT_FALSE(strict.filled);
      }
      if (filled.image) {
        EXPECT_EQ(filled.image->pixels.size(), 40u * 60 * 3);
      }
    }
  }
}

TEST(ImageDamageTest, HalfAnImageFailsOrIsFilledAsAsked) {
  for (const Bytes& bytes : samples()) {
    const std::span<const std::byte> half(bytes.data(), bytes.size() / 2 + 200);

    const DecodeResult strict = decode_image(half);
    const DecodeResult filled = decode_image(half, {.truncated = TruncatedPolicy::kFill});

    ASSERT_FALSE(strict.image);
    EXPECT_EQ(strict.fault.cause, FaultCause::kTruncated) << strict.fault.text;
    ASSERT_TRUE(filled.image) << filled.fault.text;
    EXPECT_TRUE(filled.filled);
  }
}

TEST(ImageDamageTest, FlippedBytesNeverEscape) {
  Random random(RandomKey(3));
  for (const Bytes& original : samples()) {
    for (int trial = 0; trial < 300; ++trial) {
      Bytes bytes = original;
      for (int i = 0; i < 3; ++i) bytes[random.below(bytes.size())] = std::byte(random.below(256));

      const DecodeOptions options{.max_side = 512, .max_pixels = 1 << 16};
      const DecodeResult result = decode_image(bytes, options);

      EXPECT_NE(result.image.has_value(), !result.fault.text.empty()) << "trial " << trial;
    }
  }
}

TEST(ImageDamageTest, RefusesHugeSidesBeforeAllocating) {
  const Image image = picture(16, 16);
  Bytes jpeg = make_jpeg(image), png = encode_png(image);
  const size_t at = jpeg_size_offset(jpeg);
  ASSERT_GT(at, 0u);

  set_big(jpeg, at, 30000, 2);
  set_big(png, 16, 30000, 4);

  EXPECT_EQ(cause_of(jpeg), FaultCause::kTooLarge);
  EXPECT_EQ(cause_of(png), FaultCause::kTooLarge);
  set_big(jpeg, at, 16000, 2);
  set_big(jpeg, at + 2, 16000, 2);
  EXPECT_EQ(cause_of(jpeg), FaultCause::kTooLarge);
  EXPECT_EQ(cause_of(encode_png(image), {.max_side = 15}), FaultCause::kTooLarge);
  EXPECT_EQ(cause_of(make_webp(image, 80), {.max_pixels = 255}), FaultCause::kTooLarge);
}

TEST(ImageDamageTest, RefusesPngThatCannotHoldItsPixels) {
  const Image image = picture(16, 16);
  Bytes png = make_png({.height = 16, .width = 16}, image.pixels);
  set_big(png, 16, 8000, 4);
  set_big(png, 20, 8000, 4);
  // The checksum over type and data of the header chunk, made for 8000 x 8000, 8 bits, RGB.
  uint32_t crc = 0xffffffff;
  for (size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<uint32_t>(png[i]);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  set_big(png, 29, ~crc, 4);

  const DecodeResult result = decode_image(png, {.truncated = TruncatedPolicy::kFill});

  ASSERT_FALSE(result.image);
  EXPECT_EQ(result.fault.cause, FaultCause::kTruncated);
  EXPECT_NE(result.fault.text.find("cannot hold 8000 x 8000"), std::string::npos)
      << result.fault.text;
}

TEST(ImageDamageTest, RefusesZeroSides) {
  const Image image = picture(16, 16);
  Bytes jpeg = make_jpeg(image), png = encode_png(image);
  set_big(jpeg, jpeg_size_offset(jpeg), 0, 2);
  set_big(png, 20, 0, 4);

  EXPECT_EQ(cause_of(jpeg), FaultCause::kCorrupt);
  EXPECT_EQ(cause_of(png), FaultCause::kCorrupt);
}

TEST(ImageDamageTest, RefusesProgressiveJpegOfEndlessScans) {
  Bytes jpeg = make_jpeg(picture(64, 64), {.progressive = true});
  size_t first = 0;
  while (jpeg[first] != std::byte{0xff} || jpeg[first + 1] != std::byte{0xda}) ++first;
  size_t next = first + 2;
  while (jpeg[next] != std::byte{0xff} || jpeg[next + 1] == std::byte{0}) ++next;
  const Bytes scan(jpeg.begin() + static_cast<long>(first), jpeg.begin() + static_cast<long>(next));
  for (int i = 0; i < 400; ++i) {
    jpeg.insert(jpeg.begin() + static_cast<long>(next), scan.begin(), scan.end());
  }

  const DecodeResult result = decode_image(jpeg);

  ASSERT_FALSE(result.image);
  EXPECT_NE(result.fault.text.find("scans"), std::string::npos) << result.fault.text;
}

TEST(ImageDamageTest, NamesWhatItFoundInsteadOfAnImage) {
  EXPECT_EQ(cause_of({}), FaultCause::kUnknownFormat);
  const DecodeResult html = decode_image(from_text("<!doctype html><html>404"));
  EXPECT_EQ(html.fault.cause, FaultCause::kUnknownFormat);
  EXPECT_EQ(html.fault.text, "found HTML, expected JPEG, PNG or WebP");
  EXPECT_EQ(decode_image(from_text("GIF89a....")).fault.text,
            "found GIF, expected JPEG, PNG or WebP");
}

TEST(ImageDamageTest, RefusesAnimatedWebp) {
  Bytes webp =
      from_text(std::string_view("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x09\0\0\x09\0\0", 30));
  EXPECT_EQ(probe_image(webp).info->width, 10);
  EXPECT_EQ(cause_of(webp), FaultCause::kUnsupported);
}

TEST(ImageDamageTest, PrintsNothing) {
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  for (const Bytes& bytes : samples()) {
    Bytes broken(bytes.begin(), bytes.begin() + static_cast<long>(bytes.size() * 2 / 3));
    for (size_t i = broken.size() / 2; i < broken.size(); i += 50) broken[i] ^= std::byte{0x5a};
    decode_image(broken, {.truncated = TruncatedPolicy::kFill});
    decode_image(broken);
  }

  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

}  // namespace
}  // namespace arno::io

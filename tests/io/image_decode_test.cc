// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "image_samples.h"
#include "io/image/decode.h"
#include "io/image/encode.h"

namespace arno::io {
namespace {

using testing::Bytes;
using testing::largest_difference;
using testing::make_jpeg;
using testing::make_png;
using testing::make_webp;
using testing::picture;
using testing::PngSpec;
using testing::psnr;

Image decode(const Bytes& bytes) {
  DecodeResult result = decode_image(bytes);
  EXPECT_TRUE(result.image) << result.fault.text;
  return result.image ? *result.image : Image::zeros(1, 1);
}

// The value over white, in exact arithmetic.
int over_white(double value, double alpha) {
  return static_cast<int>(std::lround(value * alpha + 255 * (1 - alpha)));
}

Image gray_of(const Image& rgb) {
  Image gray = Image::zeros(rgb.height, rgb.width, 1);
  for (size_t i = 0; i < gray.pixels.size(); ++i) gray.pixels[i] = rgb.pixels[3 * i];
  return gray;
}

// What a viewer shows, by the table of EXIF 2.3 (the sides where row 0 and column 0 are).
Image upright(const Image& stored, int orientation) {
  const int h = stored.height, w = stored.width;
  Image out = orientation < 5 ? Image::zeros(h, w) : Image::zeros(w, h);
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      const int targets[8][2] = {{y, x}, {y, w - 1 - x}, {h - 1 - y, w - 1 - x}, {h - 1 - y, x},
                                 {x, y}, {x, h - 1 - y}, {w - 1 - x, h - 1 - y}, {w - 1 - x, y}};
      const int* t = targets[orientation - 1];
      for (int c = 0; c < 3; ++c) out.row(t[0])[3 * t[1] + c] = stored.row(y)[3 * x + c];
    }
  }
  return out;
}

TEST(ImageDecodeTest, ReadsBaselineAndProgressiveJpeg) {
  const Image image = picture(75, 101);

  for (bool progressive : {false, true}) {
    const Bytes bytes = make_jpeg(image, {.progressive = progressive});
    EXPECT_GT(psnr(decode(bytes), image), 38);
    EXPECT_EQ(probe_image(bytes).info->progressive, progressive);
  }
}

TEST(ImageDecodeTest, TurnsGrayJpegIntoRgb) {
  const Image gray = gray_of(picture(40, 56));

  const Image out = decode(make_jpeg(gray));

  ASSERT_EQ(out.channels, 3);
  ASSERT_EQ(out.pixels.size(), 3 * gray.pixels.size());
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    ASSERT_NEAR(out.pixels[3 * i], gray.pixels[i], 6);
    ASSERT_EQ(out.pixels[3 * i], out.pixels[3 * i + 2]);
  }
}

TEST(ImageDecodeTest, TurnsCmykJpegIntoRgb) {
  const Image rgb = picture(48, 64);
  for (bool adobe : {true, false}) {
    // Stored: 255 - ink with the marker, ink without; black is constant.
    Image inks = Image::zeros(rgb.height, rgb.width, 4);
    for (size_t i = 0; i < inks.pixels.size() / 4; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        const uint8_t paper = rgb.pixels[3 * i + c];
        inks.pixels[4 * i + c] = adobe ? paper : 255 - paper;
      }
      inks.pixels[4 * i + 3] = adobe ? 200 : 55;
    }
    Image expected = rgb;
    for (uint8_t& v : expected.pixels) v = static_cast<uint8_t>(std::lround(v * 200 / 255.0));

    const Image out = decode(make_jpeg(inks, {.adobe = adobe}));

    EXPECT_GT(psnr(out, expected), 38) << "adobe marker " << adobe;
  }
}

TEST(ImageDecodeTest, AppliesEveryOrientation) {
  const Image image = picture(48, 80);
  const Bytes plain = make_jpeg(image);
  const Image stored = decode(plain);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Bytes bytes = testing::with_orientation(plain, orientation);

    const ImageInfo info = *probe_image(bytes).info;
    EXPECT_EQ(info.orientation, orientation);
    EXPECT_EQ(info.width, 80);
    EXPECT_EQ(info.upright_width(), orientation < 5 ? 80 : 48);
    EXPECT_EQ(largest_difference(decode(bytes), upright(stored, orientation)), 0) << orientation;
  }
  EXPECT_EQ(probe_image(testing::with_orientation(plain, 9)).info->orientation, 1);
}

TEST(ImageDecodeTest, ReadsPngOfEightBitsExactly) {
  const Image image = picture(33, 47);
  const PngSpec spec{.height = 33, .width = 47};
  PngSpec interlaced = spec;
  interlaced.interlaced = true;

  EXPECT_EQ(largest_difference(decode(make_png(spec, image.pixels)), image), 0);
  EXPECT_EQ(largest_difference(decode(make_png(interlaced, image.pixels)), image), 0);
}

TEST(ImageDecodeTest, CompositesEveryAlphaOverWhite) {
  std::vector<uint8_t> rgba, gray_alpha;
  for (int a = 0; a < 256; ++a) {
    for (int v = 0; v < 256; ++v) {
      const uint8_t value = static_cast<uint8_t>(v), alpha = static_cast<uint8_t>(a);
      rgba.insert(rgba.end(), {value, 0, 255, alpha});
      gray_alpha.insert(gray_alpha.end(), {value, alpha});
    }
  }

  const Image color = decode(make_png({.height = 256, .width = 256, .color_type = 6}, rgba));
  const Image gray = decode(make_png({.height = 256, .width = 256, .color_type = 4}, gray_alpha));

  for (int a = 0; a < 256; ++a) {
    for (int v = 0; v < 256; ++v) {
      const uint8_t* p = color.row(a) + 3 * v;
      ASSERT_EQ(p[0], over_white(v, a / 255.0)) << v << " alpha " << a;
      ASSERT_EQ(p[1], over_white(0, a / 255.0));
      ASSERT_EQ(p[2], 255);
      ASSERT_EQ(gray.row(a)[3 * v + 1], over_white(v, a / 255.0));
    }
  }
}

TEST(ImageDecodeTest, ReadsPaletteWithTransparency) {
  const PngSpec spec{.height = 1,
                     .width = 4,
                     .depth = 2,
                     .color_type = 3,
                     .palette = {10, 20, 30, 200, 100, 0, 7, 8, 9},
                     .palette_alpha = {255, 128}};
  const uint8_t row = 0b00'01'10'00;

  const Image out = decode(make_png(spec, {&row, 1}));

  const int half = 128;
  const std::vector<int> expected{10,
                                  20,
                                  30,
                                  over_white(200, half / 255.0),
                                  over_white(100, half / 255.0),
                                  over_white(0, half / 255.0),
                                  7,
                                  8,
                                  9,
                                  10,
                                  20,
                                  30};
  EXPECT_EQ(std::vector<int>(out.pixels.begin(), out.pixels.end()), expected);
}

TEST(ImageDecodeTest, ScalesSixteenAndOneBitToEight) {
  std::vector<uint8_t> rows;
  std::vector<int> values;
  for (int i = 0; i < 256; ++i) {
    values.push_back((i * 65535 + 100 * (i % 3)) / 256);
    rows.push_back(static_cast<uint8_t>(values.back() >> 8));
    rows.push_back(static_cast<uint8_t>(values.back() & 255));
  }
  const Image deep =
      decode(make_png({.height = 1, .width = 256, .depth = 16, .color_type = 0}, rows));
  for (int i = 0; i < 256; ++i) {
    ASSERT_EQ(deep.pixels[3 * i], std::lround(values[i] / 257.0)) << values[i];
  }

  const uint8_t bits = 0b1010'0000;
  const Image flat =
      decode(make_png({.height = 1, .width = 3, .depth = 1, .color_type = 0}, {&bits, 1}));
  EXPECT_EQ(flat.pixels, (std::vector<uint8_t>{255, 255, 255, 0, 0, 0, 255, 255, 255}));
}

TEST(ImageDecodeTest, ReadsWebp) {
  const Image image = picture(45, 70);
  Image with_alpha = Image::zeros(45, 70, 4);
  for (size_t i = 0; i < with_alpha.pixels.size() / 4; ++i) {
    for (size_t c = 0; c < 3; ++c) with_alpha.pixels[4 * i + c] = image.pixels[3 * i + c];
    with_alpha.pixels[4 * i + 3] = 102;
  }

  EXPECT_GT(psnr(decode(make_webp(image, 95)), image), 36);
  EXPECT_EQ(largest_difference(decode(make_webp(image, -1)), image), 0);
  Image expected = image;
  for (uint8_t& v : expected.pixels) v = static_cast<uint8_t>(over_white(v, 0.4));
  EXPECT_EQ(largest_difference(decode(make_webp(with_alpha, -1)), expected), 0);
  EXPECT_GT(psnr(decode(make_webp(with_alpha, 95)), expected), 36);
}

TEST(ImageDecodeTest, ProbeAgreesWithTheSizeOfEveryFormat) {
  const Image image = picture(45, 70);
  Image rgba = Image::zeros(45, 70, 4);
  const std::vector<std::pair<Bytes, ImageFormat>> samples{
      {make_jpeg(image), ImageFormat::kJpeg},
      {encode_png(image), ImageFormat::kPng},
      {make_webp(image, 80), ImageFormat::kWebp},
      {make_webp(image, -1), ImageFormat::kWebp},
      {make_webp(rgba, 80), ImageFormat::kWebp}};
  for (const auto& [bytes, format] : samples) {
    const ProbeResult probe = probe_image(bytes);

    ASSERT_TRUE(probe.info) << probe.fault.text;
    EXPECT_EQ(probe.info->format, format);
    EXPECT_EQ(probe.info->width, 70);
    EXPECT_EQ(probe.info->height, 45);
    EXPECT_EQ(probe.info->orientation, 1);
  }
}

TEST(ImageEncodeTest, PngRoundTripIsExactAndJpegIsClose) {
  const Image image = picture(31, 53);
  Image gray = gray_of(image);
  Image clear = Image::zeros(2, 3, 4);

  EXPECT_EQ(largest_difference(decode(encode_png(image)), image), 0);
  EXPECT_EQ(decode(encode_png(gray)).pixels[3 * 40], gray.pixels[40]);
  EXPECT_EQ(decode(encode_png(clear)).pixels, std::vector<uint8_t>(18, 255));
  EXPECT_GT(psnr(decode(encode_jpeg(image, 95)), image), 35);
}

}  // namespace
}  // namespace arno::io

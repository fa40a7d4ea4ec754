// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/random.h"
#include "image_samples.h"
#include "io/image/crop.h"
#include "io/image/decode.h"
#include "io/image/resize.h"

namespace arno::io {
namespace {

using testing::largest_difference;
using testing::picture;

Image noise(int height, int width) {
  Random random(RandomKey(5));
  Image image = Image::zeros(height, width);
  for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(random.below(256));
  return image;
}

double filter(double x, Interpolation interpolation) {
  x = std::abs(x);
  if (interpolation == Interpolation::kBilinear) return x < 1 ? 1 - x : 0;
  if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}

// One output value by the definition: every pixel of the box, weighted by the stretched filter.
double reference(const Image& image, const Box& box, const ResizeOptions& o, int y, int x, int c) {
  const double sy = double(box.height) / o.height, sx = double(box.width) / o.width;
  double sum = 0, total = 0;
  for (int v = 0; v < box.height; ++v) {
    const double wy = filter((v + 0.5 - (y + 0.5) * sy) / std::max(sy, 1.0), o.interpolation);
    for (int u = 0; u < box.width; ++u) {
      const double wx = filter((u + 0.5 - (x + 0.5) * sx) / std::max(sx, 1.0), o.interpolation);
      sum += wy * wx * image.row(box.y + v)[3 * (box.x + u) + c];
      total += wy * wx;
    }
  }
  return std::clamp(sum / total, 0.0, 255.0);
}

TEST(ImageResizeTest, MatchesTheDefinition) {
  const Image image = noise(37, 53);
  const Normalization unit{.mean = {0, 0, 0}, .deviation = {1.0f, 1.0f, 1.0f}};
  const Box boxes[] = {{0, 0, 53, 37}, {5, 7, 31, 20}, {10, 3, 8, 9}, {52, 36, 1, 1}};
  // The horizontal filter has weights of 14 bits.
  constexpr double kTolerance = 0.03;
  for (Interpolation interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const Box& box : boxes) {
      const ResizeOptions options{.height = 11, .width = 14, .interpolation = interpolation};
      std::vector<float> out(11 * 14 * 3);

      resize_crop_normalize(image, box, options, unit, out);

      for (int i = 0; i < 11 * 14 * 3; ++i) {
        const double expected = reference(image, box, options, i / 42, i % 42 / 3, i % 3);
        ASSERT_NEAR(out[i] * 255, expected, kTolerance) << "box at " << box.x << " element " << i;
      }
    }
  }
}

TEST(ImageResizeTest, SameSizeChangesNothing) {
  const Image image = noise(9, 13);
  for (Interpolation interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    const ResizeOptions options{.height = 9, .width = 13, .interpolation = interpolation};

    EXPECT_EQ(largest_difference(resize_crop(image, Box{0, 0, 13, 9}, options), image), 0);
  }
}

TEST(ImageResizeTest, RoundsToTheNearestByte) {
  Image image = Image::zeros(1, 2);
  image.pixels = {0, 10, 255, 1, 13, 255};

  const Image out = resize_crop(image, Box{0, 0, 2, 1}, {.height = 1, .width = 1});

  EXPECT_EQ(out.pixels, (std::vector<uint8_t>{1, 12, 255}));
}

TEST(ImageResizeTest, FlipMirrorsTheResult) {
  const Image image = picture(40, 50);
  ResizeOptions options{.height = 20, .width = 17};
  const Image straight = resize_crop(image, Box{3, 4, 31, 30}, options);
  Image expected = straight;
  for (int y = 0; y < expected.height; ++y) {
    for (int x = 0; x < expected.width; ++x) {
      std::copy_n(straight.row(y) + 3 * (expected.width - 1 - x), 3, expected.row(y) + 3 * x);
    }
  }
  options.flip = Flip::kHorizontal;

  EXPECT_EQ(largest_difference(resize_crop(image, Box{3, 4, 31, 30}, options), expected), 0);
}

TEST(ImageResizeTest, PixelsOutsideTheBoxHaveNoInfluence) {
  Image inside = noise(30, 30), outside = noise(30, 30);
  const Box box{8, 9, 12, 11};
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 30; ++x) {
      const bool in = x >= 8 && x < 20 && y >= 9 && y < 20;
      for (int c = 0; c < 3 && !in; ++c) outside.row(y)[3 * x + c] ^= 0xff;
    }
  }
  const ResizeOptions options{.height = 5, .width = 24};

  EXPECT_EQ(
      largest_difference(resize_crop(inside, box, options), resize_crop(outside, box, options)), 0);
}

// What the loader does, against a full decode and the definition of the filter, which is Pillow's.
TEST(ImageResizeTest, LoadedCropIsCloseToFullDecodeAndDefinition) {
  const auto bytes = testing::make_jpeg(picture(121, 163), {.quality = 90});
  const DecodeResult full = decode_image(bytes);
  ASSERT_TRUE(full.image);
  const ResizeOptions options{.height = 24, .width = 24, .interpolation = Interpolation::kBicubic};
  const Normalization unit{.mean = {0, 0, 0}, .deviation = {1.0f, 1.0f, 1.0f}};
  std::vector<float> out(size_t{3} * 24 * 24);
  Random random(RandomKey(3));
  for (int i = 0; i < 6; ++i) {
    const Box box = random_resized_crop_box(163, 121, {}, random);

    const DecodeResult part = decode_and_crop(bytes, [&box](int, int) { return box; }, {24, 24});
    resize_crop_normalize(*part.image, part.window, options, unit, out);

    double error = 0;
    for (int k = 0; k < 24 * 24 * 3; ++k) {
      const double expected = reference(*full.image, box, options, k / 72, k % 72 / 3, k % 3);
      error += (out[k] * 255 - expected) * (out[k] * 255 - expected) / (24 * 24 * 3);
    }
    EXPECT_GE(10 * std::log10(255 * 255 / error), 38) << box.width << " x " << box.height;
  }
}

TEST(ImageResizeTest, BFloat16IsTheRoundedFloat) {
  const Image image = noise(40, 30);
  const Window window(2.5, 1.25, 24, 36);
  for (int width : {1, 5, 17}) {
    const ResizeOptions options{.height = 9, .width = width, .flip = Flip::kHorizontal};
    std::vector<float> floats(static_cast<size_t>(9 * width * 3));
    std::vector<ops::BFloat16> halves(floats.size());

    resize_crop_normalize(image, window, options, {}, floats);
    resize_crop_normalize(image, window, options, {}, halves);

    for (size_t i = 0; i < floats.size(); ++i) {
      ASSERT_EQ(halves[i].bits, ops::BFloat16(floats[i]).bits) << width << " at " << i;
    }
  }
}

TEST(ImageResizeTest, GrayStaysGray) {
  Image image = Image::zeros(50, 70);
  std::ranges::fill(image.pixels, uint8_t{201});
  const Normalization unit{.mean = {0, 0, 0}, .deviation = {1.0f, 1.0f, 1.0f}};
  std::vector<float> out(size_t{3} * 23 * 31);

  resize_crop_normalize(image, Window(3.3, 4.7, 60, 40),
                        {.height = 23, .width = 31, .interpolation = Interpolation::kBicubic}, unit,
                        out);

  for (float value : out) ASSERT_NEAR(value * 255, 201, 1e-3);
}

TEST(ImageResizeTest, NormalizeUsesMeanAndDeviationOfEachChannel) {
  Image image = Image::zeros(1, 2);
  image.pixels = {0, 51, 255, 255, 102, 0};
  const Normalization n{.mean = {0.5f, 0.2f, 0.0f}, .deviation = {0.5f, 0.1f, 2.0f}};
  std::vector<float> out(6), resized(6);

  normalize(image, n, out);
  resize_crop_normalize(image, Box{0, 0, 2, 1}, {.height = 1, .width = 2}, n, resized);

  const float expected[] = {-1, 0, 0.5f, 1, 2, 0};
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(out[i], expected[i], 1e-6);
    EXPECT_EQ(out[i], resized[i]);
  }
}

TEST(ImageResizeTest, RefusesWrongArguments) {
  const Image image = picture(10, 10);
  std::vector<float> out(5);

  EXPECT_THROW(resize_crop(image, Box{5, 5, 8, 2}, {}), Error);
  EXPECT_THROW(resize_crop(image, Box{-1, 0, 5, 5}, {}), Error);
  EXPECT_THROW(resize_crop(image, Box{0, 0, 0, 5}, {}), Error);
  EXPECT_THROW(resize_crop(image, Box{0, 0, 5, 5}, {.height = 0}), Error);
  EXPECT_THROW(resize_crop(Image::zeros(4, 4, 4), Box{0, 0, 4, 4}, {}), Error);
  EXPECT_THROW(normalize(image, {}, out), Error);
}

TEST(DenormalizeTest, UndoesTheNormalisation) {
  const Normalization normalization;
  std::vector<float> values;
  for (int c = 0; c < 3; ++c) {
    values.push_back((0.5F - normalization.mean[c]) / normalization.deviation[c]);
  }
  for (int c = 0; c < 3; ++c) values.push_back(100);
  const Image image = denormalize(values, 1, 2);

  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{128, 128, 128, 255, 255, 255}));
}

}  // namespace
}  // namespace arno::io

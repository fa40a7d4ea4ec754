// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "common/error.h"
#include "image_samples.h"
#include "io/image/color.h"
#include "io/image/crop.h"

namespace arno::io {
namespace {

using testing::largest_difference;
using testing::picture;

constexpr JitterOptions kStrong{.brightness = 0.8, .contrast = 0.8, .saturation = 0.8, .hue = 0.4};

Image one_pixel(int r, int g, int b) {
  Image image = Image::zeros(1, 1);
  image.pixels = {static_cast<uint8_t>(r), static_cast<uint8_t>(g), static_cast<uint8_t>(b)};
  return image;
}

TEST(CropBoxTest, StaysInsideAndWithinItsRanges) {
  Random random(RandomKey(1));
  const CropOptions options{.scale_min = 0.2, .scale_max = 0.8};
  double mean = 0;
  constexpr int kDraws = 4000;
  bool touches_left = false, touches_right = false;
  for (int i = 0; i < kDraws; ++i) {
    const Box box = random_resized_crop_box(400, 300, options, random);

    ASSERT_TRUE(box.x >= 0 && box.y >= 0 && box.x + box.width <= 400 && box.y + box.height <= 300);
    const double area = box.width * box.height / (400.0 * 300);
    const double ratio = double(box.width) / box.height;
    ASSERT_TRUE(area > 0.195 && area < 0.805) << area;
    ASSERT_TRUE(ratio > 0.74 && ratio < 1.35) << ratio;
    mean += area / kDraws;
    touches_left |= box.x == 0;
    touches_right |= box.x + box.width == 400;
  }
  // Uniform would be 0.5; large boxes are rejected more often.
  EXPECT_NEAR(mean, 0.48, 0.03);
  EXPECT_TRUE(touches_left && touches_right);
}

TEST(CropBoxTest, FallsBackToTheCentreForExtremeImages) {
  Random random(RandomKey(2));
  const CropOptions large{.scale_min = 1, .scale_max = 1};

  EXPECT_EQ(random_resized_crop_box(1000, 10, large, random), (Box{493, 0, 13, 10}));
  EXPECT_EQ(random_resized_crop_box(9, 300, large, random), (Box{0, 144, 9, 12}));
  EXPECT_EQ(random_resized_crop_box(1, 1, {}, random), (Box{0, 0, 1, 1}));
}

TEST(CropBoxTest, SameKeySameBox) {
  Random a(RandomKey(7)), b(RandomKey(7)), c(RandomKey(8));
  const Box first = random_resized_crop_box(640, 480, {}, a);

  EXPECT_EQ(first, random_resized_crop_box(640, 480, {}, b));
  EXPECT_NE(first, random_resized_crop_box(640, 480, {}, c));
}

TEST(CropBoxTest, CentersTheEvaluationCrop) {
  EXPECT_EQ(center_crop_box(320, 256, {.fraction = 0.875}), (Box{48, 16, 224, 224}));
  EXPECT_EQ(center_crop_box(100, 300, {.ratio = 2}), (Box{0, 125, 100, 50}));
  EXPECT_EQ(center_crop_box(1, 1, {.fraction = 0.1}), (Box{0, 0, 1, 1}));
}

TEST(CropBoxTest, RefusesWrongOptions) {
  Random random(RandomKey(1));

  EXPECT_THROW(random_resized_crop_box(0, 5, {}, random), Error);
  EXPECT_THROW(random_resized_crop_box(5, 5, {.scale_min = 0}, random), Error);
  EXPECT_THROW(random_resized_crop_box(5, 5, {.ratio_min = 2}, random), Error);
  EXPECT_THROW(center_crop_box(5, 5, {.fraction = 1.5}), Error);
}

TEST(ColorJitterTest, ZeroAmountsChangeNothing) {
  const Image image = picture(20, 30);
  Image out = image;
  Random random(RandomKey(4));

  color_jitter(out, {}, random);

  EXPECT_EQ(largest_difference(out, image), 0);
}

TEST(ColorJitterTest, SameKeySameResultAndSameCountOfDraws) {
  Image a = picture(20, 30), b = a, c = a;
  Random first(RandomKey(4)), second(RandomKey(4)), plain(RandomKey(4));

  color_jitter(a, kStrong, first);
  color_jitter(b, kStrong, second);
  color_jitter(c, {}, plain);

  EXPECT_EQ(largest_difference(a, b), 0);
  EXPECT_GT(largest_difference(a, c), 5);
  EXPECT_EQ(first.next(), plain.next());
}

TEST(ColorJitterTest, OrderOfChangesIsDrawn) {
  const Image image = picture(8, 8);
  std::vector<Image> results;
  // Fixed factors would need fixed draws; extreme amounts tell the orders apart instead.
  for (uint64_t key = 0; key < 20; ++key) {
    Image out = image;
    Random random{RandomKey(key)};
    color_jitter(out, kStrong, random);
    results.push_back(out);
  }
  int different = 0;
  for (size_t i = 1; i < results.size(); ++i) {
    different += largest_difference(results[0], results[i]) > 0;
  }
  EXPECT_EQ(different, 19);
}

TEST(ColorJitterTest, EachChangeMatchesItsFormula) {
  Image bright = one_pixel(100, 200, 7);
  adjust_brightness(bright, 1.5);
  EXPECT_EQ(bright.pixels, (std::vector<uint8_t>{150, 255, 11}));

  Image gray = one_pixel(100, 200, 50);
  adjust_saturation(gray, 0);
  const int luma = static_cast<int>(std::lround(0.299 * 100 + 0.587 * 200 + 0.114 * 50));
  EXPECT_EQ(gray.pixels, std::vector<uint8_t>(3, static_cast<uint8_t>(luma)));

  Image two = Image::zeros(1, 2);
  two.pixels = {0, 0, 0, 200, 200, 200};
  adjust_contrast(two, 0.5);
  EXPECT_EQ(two.pixels, (std::vector<uint8_t>{50, 50, 50, 150, 150, 150}));
}

TEST(ColorJitterTest, HueTurnsTheColourCircle) {
  Image third = one_pixel(200, 50, 50);
  adjust_hue(third, 1.0 / 3);
  EXPECT_EQ(third.pixels, (std::vector<uint8_t>{50, 200, 50}));

  Image half = one_pixel(10, 20, 250);
  adjust_hue(half, 0.5);
  EXPECT_EQ(half.pixels, (std::vector<uint8_t>{250, 240, 10}));

  Image there = picture(20, 20);
  const Image before = there;
  adjust_hue(there, 0.2);
  EXPECT_GT(largest_difference(there, before), 20);
  adjust_hue(there, -0.2);
  EXPECT_LE(largest_difference(there, before), 2);
}

TEST(ColorJitterTest, RefusesWrongAmounts) {
  Image image = picture(4, 4);
  Random random(RandomKey(1));

  EXPECT_THROW(color_jitter(image, {.brightness = -0.1}, random), Error);
  EXPECT_THROW(color_jitter(image, {.hue = 0.6}, random), Error);
}

}  // namespace
}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "common/error.h"
#include "common/random.h"
#include "image_samples.h"
#include "io/image/crop.h"
#include "io/image/decode.h"
#include "io/image/resize.h"

namespace arno::io {
namespace {

using testing::Bytes;
using testing::make_jpeg;
using testing::picture;
using testing::psnr;

constexpr int kHeight = 301, kWidth = 517;

Image resize_box(const DecodeResult& result, const ResizeOptions& options) {
  return resize_crop(*result.image, result.window, options);
}

// The part of a fully decoded image, and the part got by decode_and_crop, both resized.
double agreement(const Bytes& bytes, const Box& box, TargetSize target) {
  const DecodeResult full = decode_image(bytes);
  const DecodeResult part = decode_and_crop(
      bytes, [&box](int, int) { return box; }, target);
  EXPECT_TRUE(full.image && part.image) << part.fault.text;
  if (!full.image || !part.image) return 0;
  const ResizeOptions options{.height = target.height ? target.height : box.height,
                              .width = target.width ? target.width : box.width};
  return psnr(resize_box(part, options), resize_crop(*full.image, box, options));
}

TEST(ImageRegionTest, FullScaleRegionEqualsTheFullDecode) {
  const Image image = picture(kHeight, kWidth);
  Random random(RandomKey(11));
  for (int sampling : {1, 2}) {
    for (bool progressive : {false, true}) {
      const Bytes bytes =
          make_jpeg(image, {.progressive = progressive, .chroma_sampling = sampling});
      for (int i = 0; i < 12; ++i) {
        const Box box = random_resized_crop_box(kWidth, kHeight, {.scale_min = 0.01}, random);
        EXPECT_GE(agreement(bytes, box, {}), 60)
            << box.x << ' ' << box.y << ' ' << box.width << ' ' << box.height;
      }
    }
  }
}

TEST(ImageRegionTest, ScaledRegionIsCloseToTheFullDecode) {
  const Bytes bytes = make_jpeg(picture(kHeight, kWidth));
  Random random(RandomKey(12));
  for (int side : {16, 33, 64}) {
    for (int i = 0; i < 12; ++i) {
      const Box box = random_resized_crop_box(kWidth, kHeight, {.scale_min = 0.2}, random);
      EXPECT_GE(agreement(bytes, box, {side, side}), 38)
          << box.x << ' ' << box.y << ' ' << box.width << ' ' << box.height << " to " << side;
    }
  }
}

TEST(ImageRegionTest, DecodesOnlyWhatIsNeeded) {
  const Bytes bytes = make_jpeg(picture(512, 512));
  const Box box{.x = 128, .y = 256, .width = 256, .height = 128};
  const auto choose = [&box](int, int) { return box; };

  const DecodeResult full_scale = decode_and_crop(bytes, choose, {});
  const DecodeResult quarter = decode_and_crop(bytes, choose, {.height = 32, .width = 32});
  const DecodeResult eighth = decode_and_crop(bytes, choose, {.height = 16, .width = 16});

  EXPECT_LE(full_scale.image->width, 256 + 64);
  EXPECT_LE(full_scale.image->height, 128 + 8);
  EXPECT_EQ(quarter.window.width, 64);
  EXPECT_EQ(quarter.window.height, 32);
  EXPECT_EQ(eighth.window.width, 32);
  EXPECT_LE(eighth.image->height, 16 + 8);
}

TEST(ImageRegionTest, EveryOrientationFindsTheSameBox) {
  const Bytes plain = make_jpeg(picture(kHeight, kWidth), {.chroma_sampling = 1});
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Bytes bytes = testing::with_orientation(plain, orientation);
    const Box box{.x = 70, .y = 35, .width = 150, .height = 181};

    EXPECT_GE(agreement(bytes, box, {}), 60) << orientation;
    EXPECT_GE(agreement(bytes, box, {.height = 40, .width = 40}), 38) << orientation;
  }
}

TEST(ImageRegionTest, WholeAndSinglePixelBoxesWork) {
  const Bytes bytes = make_jpeg(picture(kHeight, kWidth));

  EXPECT_GE(agreement(bytes, {.width = kWidth, .height = kHeight}, {}), 99);
  for (const Box& box : {Box{0, 0, 1, 1}, Box{kWidth - 1, kHeight - 1, 1, 1},
                         Box{kWidth - 1, 0, 1, kHeight}, Box{0, kHeight - 1, kWidth, 1}}) {
    EXPECT_GE(agreement(bytes, box, {}), 60) << box.x << ' ' << box.y;
  }
  EXPECT_GE(agreement(make_jpeg(picture(1, 1)), {0, 0, 1, 1}, {}), 99);
}

TEST(ImageRegionTest, PassesFaultsOnAndChecksTheBox) {
  const Bytes bytes = make_jpeg(picture(20, 30));
  const auto too_wide = [](int width, int height) { return Box{1, 0, width, height}; };

  EXPECT_THROW(decode_and_crop(bytes, too_wide, {}), Error);
  EXPECT_EQ(decode_and_crop({}, too_wide, {}).fault.cause, FaultCause::kUnknownFormat);
  EXPECT_EQ(decode_and_crop(bytes, too_wide, {}, {.max_side = 10}).fault.cause,
            FaultCause::kTooLarge);
}

TEST(ImageRegionTest, TakesTheWindowOfAPng) {
  const Image image = picture(50, 60);
  const Bytes bytes = testing::make_png({.height = 50, .width = 60}, image.pixels);

  EXPECT_EQ(agreement(bytes, {10, 20, 30, 25}, {.height = 12, .width = 14}), 99);
}

}  // namespace
}  // namespace arno::io

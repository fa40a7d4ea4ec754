// SPDX-License-Identifier: Apache-2.0
#include "io/image/crop.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"

namespace arno::io {
namespace {

constexpr int kTries = 10;

void check_image(int width, int height) {
  ARNO_CHECK(width >= 1 && height >= 1, Errc::invalid_argument,
             "[crop] image of {} x {}, expected at least 1 x 1", width, height);
}

void check_options(const CropOptions& options) {
  ARNO_CHECK(
      options.scale_min > 0 && options.scale_min <= options.scale_max && options.scale_max <= 1,
      Errc::invalid_argument, "[crop] scale {} .. {}, expected 0 < min <= max <= 1",
      options.scale_min, options.scale_max);
  ARNO_CHECK(options.ratio_min > 0 && options.ratio_min <= options.ratio_max,
             Errc::invalid_argument, "[crop] ratio {} .. {}, expected 0 < min <= max",
             options.ratio_min, options.ratio_max);
}

Box centered(int width, int height, double box_width, double box_height) {
  Box box;
  box.width = static_cast<int>(std::clamp(std::round(box_width), 1.0, double(width)));
  box.height = static_cast<int>(std::clamp(std::round(box_height), 1.0, double(height)));
  box.x = (width - box.width) / 2;
  box.y = (height - box.height) / 2;
  return box;
}

}  // namespace

Box random_resized_crop_box(int width, int height, const CropOptions& options, Random& random) {
  check_image(width, height);
  check_options(options);
  const double area = double(width) * height;
  const double log_min = std::log(options.ratio_min), log_max = std::log(options.ratio_max);
  for (int i = 0; i < kTries; ++i) {
    const double target = area * random.uniform(options.scale_min, options.scale_max);
    const double ratio = std::exp(random.uniform(log_min, log_max));
    const double box_width = std::round(std::sqrt(target * ratio));
    const double box_height = std::round(std::sqrt(target / ratio));
    if (box_width < 1 || box_height < 1 || box_width > width || box_height > height) continue;
    Box box{.width = static_cast<int>(box_width), .height = static_cast<int>(box_height)};
    box.y = static_cast<int>(random.below(static_cast<uint64_t>(height - box.height) + 1));
    box.x = static_cast<int>(random.below(static_cast<uint64_t>(width - box.width) + 1));
    return box;
  }
  const double ratio = double(width) / height;
  return center_crop_box(width, height,
                         {.ratio = std::clamp(ratio, options.ratio_min, options.ratio_max)});
}

Box center_crop_box(int width, int height, const CenterCropOptions& options) {
  check_image(width, height);
  ARNO_CHECK(options.ratio > 0 && options.fraction > 0 && options.fraction <= 1,
             Errc::invalid_argument,
             "[crop] ratio {} and fraction {}, expected a ratio > 0 and 0 < fraction <= 1",
             options.ratio, options.fraction);
  const double box_width = std::min<double>(width, height * options.ratio);
  const double box_height = std::min<double>(height, width / options.ratio);
  return centered(width, height, box_width * options.fraction, box_height * options.fraction);
}

}  // namespace arno::io

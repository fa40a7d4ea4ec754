// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/random.h"
#include "io/image/image.h"

namespace arno::io {

/// What random_resized_crop_box() may choose. The defaults are those of Inception (Szegedy et al.
/// 2015) and torchvision.
struct CropOptions {
  double scale_min = 0.08;     ///< smallest part of the image area, > 0
  double scale_max = 1.0;      ///< largest part of the image area, <= 1
  double ratio_min = 3.0 / 4;  ///< smallest width / height, > 0
  double ratio_max = 4.0 / 3;  ///< largest width / height
};

/// A random box: area uniform in the scale range, log of the aspect ratio uniform. Ten tries; if
/// none fits into the image, the largest centred box with an allowed ratio. Same box for the same
/// state of `random`. Throws arno::Error for an empty image or options out of order.
Box random_resized_crop_box(int width, int height, const CropOptions& options, Random& random);

/// Which centred box center_crop_box() takes.
struct CenterCropOptions {
  double ratio = 1;     ///< width / height of the box, > 0
  double fraction = 1;  ///< of the largest such box's sides, 0 < fraction <= 1; 224 / 256 = 0.875
                        ///< is the usual evaluation crop
};

/// The largest centred box with the ratio, shrunk by the fraction; at least 1 x 1.
Box center_crop_box(int width, int height, const CenterCropOptions& options = {});

}  // namespace arno::io

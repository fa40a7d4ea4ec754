// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/image/image.h"
#include "ops/core/tensor.h"

namespace arno::cli {

/// An image as a page shows it: "data:image/png;base64,...".
std::string png_data_url(const io::Image& image);

/// Undoes the normalisation of the loader: f32 [H, W, 3] to 8 bits a channel, clamped.
io::Image denormalized(const ops::Tensor& image);

}  // namespace arno::cli

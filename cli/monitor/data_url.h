// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/image/image.h"

namespace arno::cli {

/// An image as a page shows it: "data:image/png;base64,...".
std::string png_data_url(const io::Image& image);

}  // namespace arno::cli

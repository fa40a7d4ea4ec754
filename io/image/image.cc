// SPDX-License-Identifier: Apache-2.0
#include "io/image/image.h"

#include "common/error.h"

namespace arno::io {

Image Image::zeros(int height, int width, int channels) {
  ARNO_CHECK(height >= 1 && width >= 1, Errc::invalid_argument,
             "[image] size is {} x {}, expected at least 1 x 1", width, height);
  ARNO_CHECK(channels == 1 || channels == 3 || channels == 4, Errc::invalid_argument,
             "[image] {} channels, expected 1, 3 or 4", channels);
  Image image{.height = height, .width = width, .channels = channels};
  image.pixels.resize(static_cast<size_t>(height) * image.stride());
  return image;
}

std::string_view to_string(FaultCause cause) {
  switch (cause) {
    case FaultCause::kUnknownFormat:
      return "unknown_format";
    case FaultCause::kUnsupported:
      return "unsupported";
    case FaultCause::kTooLarge:
      return "too_large";
    case FaultCause::kTruncated:
      return "truncated";
    case FaultCause::kCorrupt:
      return "corrupt";
  }
  return "corrupt";
}

}  // namespace arno::io

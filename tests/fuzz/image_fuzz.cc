// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "io/image/crop.h"
#include "io/image/decode.h"

namespace {

void check(const arno::io::DecodeResult& result, const arno::io::DecodeOptions& options) {
  if (result.image.has_value() == !result.fault.text.empty()) std::abort();
  if (!result.image) return;
  const arno::io::Image& image = *result.image;
  const bool sound = image.channels == 3 && image.height >= 1 && image.width >= 1 &&
                     image.height <= options.max_side && image.width <= options.max_side &&
                     image.pixels.size() == static_cast<size_t>(image.height) * image.stride();
  if (!sound) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  for (auto policy : {arno::io::TruncatedPolicy::kFail, arno::io::TruncatedPolicy::kFill}) {
    const arno::io::DecodeOptions options{
        .max_side = 512, .max_pixels = 1 << 16, .truncated = policy};
    check(arno::io::decode_image(bytes, options), options);
    arno::Random random{arno::RandomKey(size)};
    const auto choose = [&random](int width, int height) {
      return arno::io::random_resized_crop_box(width, height, {}, random);
    };
    check(arno::io::decode_and_crop(bytes, choose, {.height = 16, .width = 16}, options), options);
  }
  return 0;
}

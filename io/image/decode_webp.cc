// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <webp/decode.h>

#include <algorithm>
#include <utility>

#include "io/image/detail/byte_view.h"
#include "io/image/detail/codecs.h"
#include "io/image/detail/pixels.h"

namespace arno::io::detail {
namespace {

constexpr uint8_t kFillGray = 128;

bool ends_early(std::span<const std::byte> bytes) {
  return uint64_t{ByteView(bytes).little(4, 4).value_or(0)} + 8 > bytes.size();
}

DecodeResult webp_fault(std::span<const std::byte> bytes, VP8StatusCode status) {
  const bool truncated =
      status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED || ends_early(bytes);
  return decode_fault(
      truncated ? FaultCause::kTruncated : FaultCause::kCorrupt,
      fmt::format("WebP of {} bytes: {} (libwebp status {})", bytes.size(),
                  truncated ? "premature end" : "broken stream", static_cast<int>(status)));
}

}  // namespace

DecodeResult decode_webp(std::span<const std::byte> bytes, const ImageInfo& info,
                         const DecodeOptions& options) {
  if (info.animated) return decode_fault(FaultCause::kUnsupported, "animated WebP");
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) {
    return decode_fault(FaultCause::kUnsupported, "libwebp of another version");
  }
  const VP8StatusCode header = WebPGetFeatures(data, bytes.size(), &config.input);
  if (header != VP8_STATUS_OK) return webp_fault(bytes, header);
  if (config.input.has_animation != 0) {
    return decode_fault(FaultCause::kUnsupported, "animated WebP");
  }
  if (config.input.width != info.width || config.input.height != info.height) {
    return decode_fault(FaultCause::kCorrupt, "WebP with two headers of different size");
  }

  const bool alpha = config.input.has_alpha != 0;
  Image image = Image::zeros(info.height, info.width, alpha ? 4 : 3);
  const bool can_fill = options.truncated == TruncatedPolicy::kFill;
  if (can_fill) std::fill(image.pixels.begin(), image.pixels.end(), kFillGray);
  config.output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {image.pixels.data(), static_cast<int>(image.stride()),
                          image.pixels.size()};
  const VP8StatusCode status = WebPDecode(data, bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  const bool complete = status == VP8_STATUS_OK;
  if (!complete && !can_fill) return webp_fault(bytes, status);
  if (alpha) composite_over_white(image);
  return decoded(std::move(image), !complete);
}

}  // namespace arno::io::detail

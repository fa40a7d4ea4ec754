// SPDX-License-Identifier: Apache-2.0
#include "io/image/decode.h"

#include <cmath>
#include <utility>

#include "common/error.h"
#include "io/image/crop.h"
#include "io/image/detail/codecs.h"
#include "io/image/detail/pixels.h"

namespace arno::io {
namespace {

using detail::decode_fault;
using detail::JpegRegion;

std::optional<ImageFault> over_limits(const ImageInfo& info, const DecodeOptions& options) {
  const int64_t area = int64_t{info.width} * info.height;
  if (info.width <= options.max_side && info.height <= options.max_side &&
      area <= options.max_pixels) {
    return std::nullopt;
  }
  return ImageFault{
      FaultCause::kTooLarge,
      fmt::format("{} of {} x {} pixels, expected sides up to {} and an area up to {}",
                  to_string(info.format), info.width, info.height, options.max_side,
                  options.max_pixels)};
}

void check_box(const Box& box, const ImageInfo& info) {
  const int width = info.upright_width(), height = info.upright_height();
  const bool inside = box.x >= 0 && box.y >= 0 && box.width >= 1 && box.height >= 1 &&
                      box.width <= width - box.x && box.height <= height - box.y;
  ARNO_CHECK(inside, Errc::invalid_argument,
             "[decode_and_crop] box x {} y {} of {} x {} leaves the image of {} x {}", box.x, box.y,
             box.width, box.height, width, height);
}

// Other scales have no fast inverse transform in libjpeg-turbo: 5/8 costs more than 8/8.
int choose_denominator(const Box& box, const TargetSize& target) {
  if (target.width < 1 || target.height < 1) return 1;
  for (int denominator : {8, 4, 2}) {
    if (box.width >= target.width * denominator && box.height >= target.height * denominator) {
      return denominator;
    }
  }
  return 1;
}

Box whole(const ImageInfo& info) { return {.width = info.width, .height = info.height}; }

Box stored_box(const Box& upright, const ImageInfo& info) {
  const Window window = detail::orient(upright, detail::inverse_orientation(info.orientation),
                                       info.upright_width(), info.upright_height());
  // Whole numbers below 2^31 survive the way through double.
  return {static_cast<int>(window.x), static_cast<int>(window.y), static_cast<int>(window.width),
          static_cast<int>(window.height)};
}

DecodeResult decode_stored(std::span<const std::byte> bytes, const ImageInfo& info,
                           const JpegRegion& region, const DecodeOptions& options) {
  switch (info.format) {
    case ImageFormat::kJpeg:
      return detail::decode_jpeg(bytes, info, region, options);
    case ImageFormat::kPng:
      return detail::decode_png(bytes, info, options);
    case ImageFormat::kWebp:
      return detail::decode_webp(bytes, info, options);
  }
  return decode_fault(FaultCause::kUnsupported, "format without a decoder");
}

DecodeResult decode_upright(std::span<const std::byte> bytes, const ImageInfo& info,
                            const JpegRegion& region, const DecodeOptions& options) {
  DecodeResult result = decode_stored(bytes, info, region, options);
  if (!result.image) return result;
  result.window =
      detail::orient(result.window, info.orientation, result.image->width, result.image->height);
  result.image = detail::orient(std::move(*result.image), info.orientation);
  return result;
}

}  // namespace

namespace detail {

DecodeResult decode_fault(FaultCause cause, std::string text) {
  return {.image = std::nullopt, .window = {}, .fault = {cause, std::move(text)}};
}

DecodeResult decoded(Image image, bool filled) {
  const Window all(0, 0, image.width, image.height);
  return {.image = std::move(image), .window = all, .fault = {}, .filled = filled};
}

}  // namespace detail

DecodeResult decode_image(std::span<const std::byte> bytes, const DecodeOptions& options) {
  const ProbeResult probe = probe_image(bytes);
  if (!probe.info) return decode_fault(probe.fault.cause, probe.fault.text);
  if (auto fault = over_limits(*probe.info, options)) {
    return decode_fault(fault->cause, std::move(fault->text));
  }
  return decode_upright(bytes, *probe.info, {.box = whole(*probe.info)}, options);
}

DecodeResult decode_and_crop(std::span<const std::byte> bytes, const BoxChooser& choose_box,
                             TargetSize target, const DecodeOptions& options) {
  const ProbeResult probe = probe_image(bytes);
  if (!probe.info) return decode_fault(probe.fault.cause, probe.fault.text);
  if (auto fault = over_limits(*probe.info, options)) {
    return decode_fault(fault->cause, std::move(fault->text));
  }
  const ImageInfo& info = *probe.info;
  const Box box = choose_box(info.upright_width(), info.upright_height());
  check_box(box, info);
  const JpegRegion region{.box = stored_box(box, info),
                          .denominator = choose_denominator(box, target)};
  DecodeResult result = decode_upright(bytes, info, region, options);
  if (result.image && info.format != ImageFormat::kJpeg) result.window = box;
  return result;
}

DecodeResult decode_center(std::span<const std::byte> bytes, int side) {
  const auto center = [](int width, int height) { return center_crop_box(width, height); };
  return decode_and_crop(bytes, center, {side, side});
}

}  // namespace arno::io

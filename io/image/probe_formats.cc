// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string>
#include <utility>

#include "io/image/detail/headers.h"

namespace arno::io::detail {
namespace {

constexpr uint32_t kMaxPngSide = 0x7fffffff;  // PNG specification, 11.2.2

bool is_frame_header(uint8_t marker) {
  // SOF0..SOF15 without DHT (c4), JPG (c8) and DAC (cc): ITU T.81, table B.1.
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

bool stands_alone(uint8_t marker) { return marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8); }

ProbeResult size_result(ImageInfo info, uint32_t width, uint32_t height) {
  if (width == 0 || height == 0) {
    return probe_fault(FaultCause::kCorrupt,
                       fmt::format("{} header gives {} x {} pixels, expected at least 1 x 1",
                                   to_string(info.format), width, height));
  }
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
  return {.info = info, .fault = {}};
}

ProbeResult header_ends_early(ImageFormat format, size_t size) {
  return probe_fault(FaultCause::kTruncated,
                     fmt::format("{} of {} bytes ends within its header", to_string(format), size));
}

ProbeResult read_frame_header(ByteView segment, uint8_t marker, ImageInfo info, size_t size) {
  const auto height = segment.big(1, 2);
  const auto width = segment.big(3, 2);
  if (!height || !width) return header_ends_early(ImageFormat::kJpeg, size);
  const uint8_t kind = marker & 0x0f;
  const bool readable = kind <= 2 || kind == 9 || kind == 10;
  if (!readable) {
    return probe_fault(FaultCause::kUnsupported,
                       fmt::format("JPEG of kind SOF{} (lossless or hierarchical)", kind));
  }
  if (segment.byte(0) != 8) {
    return probe_fault(FaultCause::kUnsupported,
                       fmt::format("JPEG with {} bits a sample, expected 8", segment.byte(0)));
  }
  info.progressive = kind == 2 || kind == 10;
  return size_result(info, *width, *height);
}

std::optional<int> first_exif_orientation(ByteView segment) {
  using namespace std::string_view_literals;
  if (!segment.matches(0, "Exif\0"sv)) return std::nullopt;
  return exif_orientation(segment.part(6, segment.size()));
}

}  // namespace

ProbeResult probe_fault(FaultCause cause, std::string text) {
  return {.info = std::nullopt, .fault = {.cause = cause, .text = std::move(text)}};
}

int exif_orientation(ByteView tiff) {
  using namespace std::string_view_literals;
  const bool little = tiff.matches(0, "II*\0"sv);
  if (!little && !tiff.matches(0, "MM\0*"sv)) return 1;
  const auto read = [&](size_t at, size_t count) {
    return little ? tiff.little(at, count) : tiff.big(at, count);
  };
  const size_t directory = read(4, 4).value_or(0xffffffff);
  const uint32_t entries = read(directory, 2).value_or(0);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t at = directory + 2 + size_t{12} * i;
    if (!tiff.has(at, 12)) return 1;
    constexpr uint32_t kOrientationTag = 0x0112, kShort = 3;
    if (*read(at, 2) != kOrientationTag || *read(at + 2, 2) != kShort) continue;
    const uint32_t value = *read(at + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

ProbeResult probe_jpeg(ByteView view) {
  ImageInfo info{.format = ImageFormat::kJpeg};
  bool has_exif = false;
  size_t at = 2;
  while (at < view.size()) {
    while (at < view.size() && view.byte(at) != 0xff) ++at;
    while (at < view.size() && view.byte(at) == 0xff) ++at;
    if (at >= view.size()) break;
    const uint8_t marker = view.byte(at++);
    if (stands_alone(marker)) continue;
    if (marker == 0xd9 || marker == 0xda) {
      return probe_fault(FaultCause::kCorrupt, "JPEG without a frame header before its data");
    }
    const uint32_t length = view.big(at, 2).value_or(0);
    if (!view.has(at, 2)) break;
    if (length < 2) {
      return probe_fault(
          FaultCause::kCorrupt,
          fmt::format("JPEG segment {:02x} has length {}, expected at least 2", marker, length));
    }
    if (!view.has(at, length)) break;
    const ByteView segment = view.part(at + 2, length - 2);
    if (is_frame_header(marker)) return read_frame_header(segment, marker, info, view.size());
    if (marker == 0xe1 && !has_exif) {
      if (const auto orientation = first_exif_orientation(segment)) {
        info.orientation = *orientation;
        has_exif = true;
      }
    }
    at += length;
  }
  return header_ends_early(ImageFormat::kJpeg, view.size());
}

ProbeResult probe_png(ByteView view) {
  ImageInfo info{.format = ImageFormat::kPng};
  constexpr size_t kHeaderEnd = 8 + 4 + 4 + 13 + 4;
  if (!view.has(0, kHeaderEnd)) return header_ends_early(ImageFormat::kPng, view.size());
  if (!view.matches(8, std::string_view("\0\0\0\15IHDR", 8))) {
    return probe_fault(FaultCause::kCorrupt, "PNG does not begin with an IHDR chunk of 13 bytes");
  }
  const uint32_t width = *view.big(16, 4), height = *view.big(20, 4);
  if (width > kMaxPngSide || height > kMaxPngSide) {
    return probe_fault(
        FaultCause::kCorrupt,
        fmt::format("PNG header gives {} x {} pixels, expected below 2^31", width, height));
  }
  info.progressive = view.byte(28) != 0;
  for (size_t at = kHeaderEnd; view.has(at, 8);) {
    const uint32_t length = *view.big(at, 4);
    if (view.matches(at + 4, "IEND")) break;
    if (view.matches(at + 4, "eXIf")) {
      info.orientation = exif_orientation(view.part(at + 8, length));
      break;
    }
    at += size_t{12} + length;
  }
  return size_result(info, width, height);
}

ProbeResult probe_webp(ByteView view) {
  ImageInfo info{.format = ImageFormat::kWebp};
  constexpr size_t kChunk = 12, kData = 20;
  if (!view.has(0, kData + 10)) return header_ends_early(ImageFormat::kWebp, view.size());
  if (view.matches(kChunk, "VP8 ")) {
    if (!view.matches(kData + 3, "\x9d\x01\x2a")) {
      return probe_fault(FaultCause::kCorrupt, "WebP does not begin with a key frame");
    }
    return size_result(info, *view.little(kData + 6, 2) & 0x3fff,
                       *view.little(kData + 8, 2) & 0x3fff);
  }
  if (view.matches(kChunk, "VP8L")) {
    const uint32_t bits = *view.little(kData + 1, 4);
    return size_result(info, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
  }
  if (!view.matches(kChunk, "VP8X")) {
    return probe_fault(FaultCause::kCorrupt, "WebP begins with no VP8, VP8L or VP8X chunk");
  }
  info.animated = (view.byte(kData) & 0x02) != 0;
  for (size_t at = kChunk; view.has(at, 8);) {
    const uint32_t length = *view.little(at + 4, 4);
    if (view.matches(at, "EXIF")) {
      // Some writers put the JPEG prefix before the TIFF block.
      const ByteView data = view.part(at + 8, length);
      info.orientation = first_exif_orientation(data).value_or(exif_orientation(data));
      break;
    }
    at += size_t{8} + length + (length & 1);
  }
  return size_result(info, *view.little(kData + 4, 3) + 1, *view.little(kData + 7, 3) + 1);
}

}  // namespace arno::io::detail

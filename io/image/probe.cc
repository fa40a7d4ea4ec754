// SPDX-License-Identifier: Apache-2.0
#include "io/image/probe.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "io/image/detail/headers.h"

namespace arno::io {
namespace {

using detail::ByteView;
using detail::probe_fault;
using namespace std::string_view_literals;

// Formats that web crawls hold under the wrong name, so that the report can say what was found.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kKnownOthers{{
    {"GIF8"sv, "GIF"sv},
    {"BM"sv, "BMP"sv},
    {"II*\0"sv, "TIFF"sv},
    {"MM\0*"sv, "TIFF"sv},
    {"<svg"sv, "SVG"sv},
    {"<?xml"sv, "XML or SVG"sv},
    {"<"sv, "HTML"sv},
    {"\0\0\1\0"sv, "ICO"sv},
    {"%PDF"sv, "PDF"sv},
}};

ProbeResult unknown_format(ByteView view) {
  std::string_view found = "unknown bytes";
  if (view.size() == 0) found = "no bytes";
  if (view.matches(4, "ftypavif")) found = "AVIF";
  if (view.matches(4, "ftyphei")) found = "HEIF";
  for (const auto& [magic, name] : kKnownOthers) {
    if (view.matches(0, magic)) {
      found = name;
      break;
    }
  }
  return probe_fault(FaultCause::kUnknownFormat,
                     fmt::format("found {}, expected JPEG, PNG or WebP", found));
}

}  // namespace

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
  }
  return "JPEG";
}

ProbeResult probe_image(std::span<const std::byte> bytes) {
  const ByteView view(bytes);
  if (view.matches(0, "\xff\xd8\xff")) return detail::probe_jpeg(view);
  if (view.matches(0, "\x89PNG\r\n\x1a\n")) return detail::probe_png(view);
  if (view.matches(0, "RIFF") && view.matches(8, "WEBP")) return detail::probe_webp(view);
  return unknown_format(view);
}

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/picture.h"

#include <librsvg/rsvg.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "io/image/decode.h"
#include "io/image/encode.h"
#include "io/image/probe.h"
#include "io/image/resize.h"

namespace arno::io::detail {
namespace {

constexpr int kMinPictureSide = 12;

bool is_blank(const Image& image) {
  const auto channels = static_cast<size_t>(image.channels);
  for (size_t i = channels; i < image.pixels.size(); ++i) {
    if (image.pixels[i] != image.pixels[i - channels]) return false;
  }
  return true;
}

std::string to_png(const Image& image) {
  const std::vector<std::byte> png = encode_png(image);
  return {reinterpret_cast<const char*>(png.data()), png.size()};
}

/// Sides after scaling so that the longer one is `longest`.
std::pair<int, int> scaled_sides(double width, double height, int longest) {
  const double scale = longest / std::max(width, height);
  const auto side = [&](double value) {
    return std::clamp(static_cast<int>(std::lround(value * scale)), 1, longest);
  };
  return {side(width), side(height)};
}

/// The box of everything that is not white; empty when all is.
Box content_box(const Image& image) {
  constexpr uint8_t kWhite = 250;
  int left = image.width;
  int right = 0;
  int top = image.height;
  int bottom = 0;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.row(y);
    const auto is_dark = [](uint8_t value) { return value < kWhite; };
    const auto first = std::find_if(row, row + image.stride(), is_dark) - row;
    if (first == static_cast<ptrdiff_t>(image.stride())) continue;
    auto last = static_cast<ptrdiff_t>(image.stride()) - 1;
    while (!is_dark(row[last])) --last;
    left = std::min(left, static_cast<int>(first / image.channels));
    right = std::max(right, static_cast<int>(last / image.channels) + 1);
    top = std::min(top, y);
    bottom = y + 1;
  }
  return left < right ? Box{left, top, right - left, bottom - top} : Box{};
}

/// The image without wide white margins: the content and at least 4 % of its longer side
/// around it.
Box trimmed_box(const Image& image) {
  const Box whole = {0, 0, image.width, image.height};
  const Box content = content_box(image);
  if (content.width == 0) return whole;
  const int rest = std::max(content.width, content.height) / 25 + 1;
  const int left = std::max(content.x - rest, 0);
  const int top = std::max(content.y - rest, 0);
  const int right = std::min(content.x + content.width + rest, image.width);
  const int bottom = std::min(content.y + content.height + rest, image.height);
  const bool is_wide = right - left < image.width * 4 / 5 || bottom - top < image.height * 4 / 5;
  return is_wide ? Box{left, top, right - left, bottom - top} : whole;
}

/// The box of the image, scaled down where it is larger than kMaxPictureSide.
Image crop(const Image& image, const Box& box) {
  const int longest = std::min(std::max(box.width, box.height), kMaxPictureSide);
  const auto [width, height] = scaled_sides(box.width, box.height, longest);
  return resize_crop(image, box, {.height = height, .width = width});
}

struct Unref {
  void operator()(RsvgHandle* handle) const { g_object_unref(handle); }
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
  void operator()(GError* error) const { g_error_free(error); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

/// Width and height in any one unit; a square where the file names neither.
std::pair<double, double> svg_sides(RsvgHandle* handle) {
  double width = 0;
  double height = 0;
  if (rsvg_handle_get_intrinsic_size_in_pixels(handle, &width, &height) != 0 && width > 0 &&
      height > 0) {
    return {width, height};
  }
  gboolean has_view_box = 0;
  RsvgRectangle box = {};
  rsvg_handle_get_intrinsic_dimensions(handle, nullptr, nullptr, nullptr, nullptr, &has_view_box,
                                       &box);
  if (has_view_box != 0 && box.width > 0 && box.height > 0) return {box.width, box.height};
  return {1, 1};
}

/// The RGB of a surface whose alpha is 255 everywhere.
Image to_image(cairo_surface_t* surface) {
  cairo_surface_flush(surface);
  Image image =
      Image::zeros(cairo_image_surface_get_height(surface), cairo_image_surface_get_width(surface));
  const unsigned char* data = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < image.height; ++y) {
    const auto* in = reinterpret_cast<const uint32_t*>(data + static_cast<ptrdiff_t>(y) * stride);
    uint8_t* out = image.row(y);
    for (int x = 0; x < image.width; ++x, out += 3) {
      out[0] = static_cast<uint8_t>(in[x] >> 16);
      out[1] = static_cast<uint8_t>(in[x] >> 8);
      out[2] = static_cast<uint8_t>(in[x]);
    }
  }
  return image;
}

std::optional<Image> render(std::string_view svg) {
  GError* error = nullptr;
  const Owned<RsvgHandle> handle(
      rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(), &error));
  const Owned<GError> load_error(error);
  if (!handle) return std::nullopt;
  const auto [svg_width, svg_height] = svg_sides(handle.get());
  const auto [width, height] = scaled_sides(svg_width, svg_height, kMaxPictureSide);

  const Owned<cairo_surface_t> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  const Owned<cairo_t> cairo(cairo_create(surface.get()));
  cairo_set_source_rgb(cairo.get(), 1, 1, 1);
  cairo_paint(cairo.get());
  const RsvgRectangle viewport = {0, 0, static_cast<double>(width), static_cast<double>(height)};
  error = nullptr;
  const bool drawn = rsvg_handle_render_document(handle.get(), cairo.get(), &viewport, &error) != 0;
  const Owned<GError> draw_error(error);
  if (!drawn || cairo_status(cairo.get()) != CAIRO_STATUS_SUCCESS) return std::nullopt;
  return to_image(surface.get());
}

/// The cause for which a picture is left out; empty: none.
std::string find_fault(const Image& image) {
  if (std::min(image.width, image.height) < kMinPictureSide) return "picture is too small or thin";
  return is_blank(image) ? "picture is blank" : "";
}

}  // namespace

Picture fit_picture(std::string bytes, Margins margins) {
  const auto view = std::as_bytes(std::span(bytes));
  const ProbeResult probe = probe_image(view);
  DecodeResult decoded = decode_image(view);
  if (!decoded.image) return {{}, "picture is " + std::string(to_string(decoded.fault.cause))};
  const Box whole = {0, 0, decoded.image->width, decoded.image->height};
  const Box box = margins == Margins::kTrim ? trimmed_box(*decoded.image) : whole;
  const bool fits = box == whole && std::max(box.width, box.height) <= kMaxPictureSide;
  const Image image = fits ? std::move(*decoded.image) : crop(*decoded.image, box);
  if (std::string fault = find_fault(image); !fault.empty()) return {{}, fault};
  const bool keep_bytes = fits && probe.info && probe.info->format == ImageFormat::kPng;
  return {keep_bytes ? std::move(bytes) : to_png(image), {}};
}

Picture draw_svg(std::string_view svg) {
  const std::optional<Image> image = render(svg);
  if (!image) return {{}, "SVG that could not be drawn"};
  if (std::string fault = find_fault(*image); !fault.empty()) return {{}, fault};
  return {to_png(*image), {}};
}

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#include "image_samples.h"

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace arno::io::testing {
namespace {

Bytes to_bytes(const void* data, size_t size) {
  Bytes out(size);
  std::memcpy(out.data(), data, size);
  return out;
}

J_COLOR_SPACE color_space(int channels) {
  if (channels == 1) return JCS_GRAYSCALE;
  return channels == 3 ? JCS_RGB : JCS_CMYK;
}

}  // namespace

Image picture(int height, int width) {
  Image image = Image::zeros(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = double(x) / width, v = double(y) / height;
      uint8_t* p = image.row(y) + 3 * x;
      p[0] = static_cast<uint8_t>(40 + 180 * u);
      p[1] = static_cast<uint8_t>(30 + 190 * v * v);
      p[2] = static_cast<uint8_t>(128 + 90 * std::sin(7 * u + 11 * v * v));
    }
  }
  return image;
}

double psnr(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width) return 0;
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    const double difference = double(a.pixels[i]) - b.pixels[i];
    sum += difference * difference;
  }
  if (sum == 0) return 99;
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.pixels.size()) / sum);
}

int largest_difference(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width || a.channels != b.channels) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  }
  return largest;
}

Bytes make_jpeg(const Image& image, const JpegSpec& spec) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = image.channels;
  info.in_color_space = color_space(image.channels);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, spec.quality, TRUE);
  if (spec.progressive) jpeg_simple_progression(&info);
  if (!spec.adobe) info.write_Adobe_marker = FALSE;
  if (image.channels == 3) {
    info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = spec.chroma_sampling;
  }
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < image.height; ++y) {
    JSAMPROW row = const_cast<uint8_t*>(image.row(y));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  Bytes out = to_bytes(data, size);
  std::free(data);
  return out;
}

Bytes make_png(const PngSpec& spec, std::span<const uint8_t> rows) {
  Bytes out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &out,
      [](png_structp writer, png_bytep data, size_t size) {
        auto* target = static_cast<Bytes*>(png_get_io_ptr(writer));
        const auto* first = reinterpret_cast<const std::byte*>(data);
        target->insert(target->end(), first, first + size);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(spec.width),
               static_cast<png_uint_32>(spec.height), spec.depth, spec.color_type,
               spec.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
  if (!spec.palette.empty()) {
    png_set_PLTE(png, info, reinterpret_cast<png_const_colorp>(spec.palette.data()),
                 static_cast<int>(spec.palette.size() / 3));
  }
  if (!spec.palette_alpha.empty()) {
    png_set_tRNS(png, info, spec.palette_alpha.data(), static_cast<int>(spec.palette_alpha.size()),
                 nullptr);
  }
  png_write_info(png, info);
  const size_t stride = png_get_rowbytes(png, info);
  if (rows.size() != stride * static_cast<size_t>(spec.height)) {
    throw std::logic_error("make_png: rows do not fit the sizes");
  }
  std::vector<png_bytep> pointers;
  for (int y = 0; y < spec.height; ++y) {
    pointers.push_back(const_cast<png_bytep>(rows.data()) + stride * static_cast<size_t>(y));
  }
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return out;
}

Bytes make_webp(const Image& image, float quality) {
  uint8_t* data = nullptr;
  const int stride = static_cast<int>(image.stride());
  const uint8_t* pixels = image.pixels.data();
  const int w = image.width, h = image.height;
  size_t size = 0;
  if (image.channels == 4) {
    size = quality < 0 ? WebPEncodeLosslessRGBA(pixels, w, h, stride, &data)
                       : WebPEncodeRGBA(pixels, w, h, stride, quality, &data);
  } else {
    size = quality < 0 ? WebPEncodeLosslessRGB(pixels, w, h, stride, &data)
                       : WebPEncodeRGB(pixels, w, h, stride, quality, &data);
  }
  Bytes out = to_bytes(data, size);
  WebPFree(data);
  return out;
}

Bytes with_orientation(const Bytes& jpeg, int orientation) {
  const uint8_t block[] = {
      0xff, 0xe1, 0x00, 0x22, 'E', 'x', 'i', 'f', 0, 0,
      'M',  'M',  0,    42,   0,   0,   0,   8,   0, 1,
      1,    0x12, 0,    3,    0,   0,   0,   1,   0, static_cast<uint8_t>(orientation),
      0,    0,    0,    0,    0,   0};
  static_assert(sizeof(block) == 2 + 0x22);
  Bytes out(jpeg.size() + sizeof(block));
  std::memcpy(out.data(), jpeg.data(), 2);
  std::memcpy(out.data() + 2, block, sizeof(block));
  std::memcpy(out.data() + 2 + sizeof(block), jpeg.data() + 2, jpeg.size() - 2);
  return out;
}

}  // namespace arno::io::testing

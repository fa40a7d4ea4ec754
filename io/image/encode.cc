// SPDX-License-Identifier: Apache-2.0
#include "io/image/encode.h"

#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "common/error.h"

namespace arno::io {
namespace {

void check_image(const Image& image) {
  const bool channels_fit = image.channels == 1 || image.channels == 3 || image.channels == 4;
  const bool filled = image.height >= 1 && image.width >= 1 && channels_fit &&
                      image.pixels.size() == static_cast<size_t>(image.height) * image.stride();
  ARNO_CHECK(filled, Errc::invalid_argument,
             "[encode_image] {} x {} x {} with {} bytes, expected 1, 3 or 4 channels and as many "
             "bytes as the sizes say",
             image.height, image.width, image.channels, image.pixels.size());
}

// OpenCV wants blue first.
cv::Mat to_mat(const Image& image) {
  const cv::Mat view(image.height, image.width, CV_8UC(image.channels),
                     const_cast<uint8_t*>(image.pixels.data()));
  cv::Mat out;
  if (image.channels == 1) return view;
  cv::cvtColor(view, out, image.channels == 3 ? cv::COLOR_RGB2BGR : cv::COLOR_RGBA2BGRA);
  return out;
}

std::vector<std::byte> encode(const Image& image, const char* extension,
                              const std::vector<int>& parameters) {
  check_image(image);
  std::vector<uint8_t> bytes;
  ARNO_CHECK(cv::imencode(extension, to_mat(image), bytes, parameters), Errc::library_failed,
             "[encode_image] OpenCV could not write a {} of {} x {}", extension, image.width,
             image.height);
  std::vector<std::byte> out(bytes.size());
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace

std::vector<std::byte> encode_png(const Image& image) {
  // Level 9 takes three times as long for 3 % fewer bytes (measured on 500 drawings).
  return encode(image, ".png", {cv::IMWRITE_PNG_COMPRESSION, 6});
}

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  ARNO_CHECK(quality >= 1 && quality <= 100, Errc::invalid_argument,
             "[encode_jpeg] quality is {}, expected 1..100", quality);
  ARNO_CHECK(image.channels != 4, Errc::invalid_argument,
             "[encode_jpeg] image has 4 channels, expected 1 or 3");
  return encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

}  // namespace arno::io

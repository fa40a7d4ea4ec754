// SPDX-License-Identifier: Apache-2.0

// Decodes JPEG files to normalised 224 x 224 crops for training, on one thread: random resized
// crop, random flip, bicubic. Prints {"rates": [...]} in images a second.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "common/error.h"
#include "common/random.h"
#include "io/image/crop.h"
#include "io/image/decode.h"
#include "io/image/resize.h"
#include "io/read_file.h"

namespace {

using namespace arno;

constexpr int kSide = 224;
constexpr size_t kMaxFile = size_t{64} << 20;

std::vector<std::string> read_photos(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jpg") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  ARNO_CHECK(!paths.empty(), Errc::io_failed, "{}: holds no .jpg file", folder.string());
  std::vector<std::string> out;
  for (const auto& path : paths) out.push_back(io::read_file(path, kMaxFile));
  return out;
}

void load(std::string_view encoded, RandomKey key, std::span<float> out) {
  Random random(key);
  const auto choose = [&random](int width, int height) {
    return io::random_resized_crop_box(width, height, {.scale_min = 0.08}, random);
  };
  const io::DecodeResult decoded = io::decode_and_crop(std::as_bytes(std::span(encoded)), choose,
                                                       {.height = kSide, .width = kSide});
  ARNO_CHECK(decoded.image, Errc::data_corrupt, "{}", decoded.fault.text);
  const io::ResizeOptions options{
      .height = kSide,
      .width = kSide,
      .interpolation = io::Interpolation::kBicubic,
      .flip = random.uniform() < 0.5 ? io::Flip::kHorizontal : io::Flip::kNone};
  io::resize_crop_normalize(*decoded.image, decoded.window, options, {}, out);
}

std::vector<double> measure(const std::vector<std::string>& photos, uint64_t repeats) {
  std::vector<float> out(3 * kSide * kSide);
  std::vector<double> rates;
  for (uint64_t repeat = 0; repeat < repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < photos.size(); ++i) {
      load(photos[i], RandomKey(repeat).child(i), out);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    rates.push_back(static_cast<double>(photos.size()) / taken.count());
  }
  return rates;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of the loader benchmark.");
  std::string folder;
  uint64_t repeats = 3;
  app.add_option("folder", folder)->required();
  app.add_option("--repeats", repeats);
  CLI11_PARSE(app, argc, argv);
  try {
    fmt::print("{{\"rates\": [{}]}}\n", fmt::join(measure(read_photos(folder), repeats), ", "));
  } catch (const std::exception& error) {
    fmt::print(stderr, "loader: {}\n", error.what());
    return 1;
  }
  return 0;
}

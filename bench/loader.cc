// SPDX-License-Identifier: Apache-2.0

// Decodes JPEG files to normalised 224 x 224 crops for training, on one thread: random resized
// crop, random flip, bicubic. Prints {"rates": [...]} in images a second. `--crops FILE` writes the
// crops instead, for peers/crop_quality.py: of each photograph the box (x, y, width, height), 1
// where it is mirrored, as int32, then the floats [224, 224, 3].
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "common/error.h"
#include "common/random.h"
#include "io/image/crop.h"
#include "io/image/decode.h"
#include "io/image/resize.h"
#include "io/read_file.h"

namespace {

using namespace arno;

constexpr int kSide = 224;
constexpr size_t kElements = size_t{3} * kSide * kSide;
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

struct Crop {
  io::Box box;
  io::Flip flip = io::Flip::kNone;
};

template <class Element>
Crop load(std::string_view encoded, RandomKey key, std::span<Element> out) {
  Random random(key);
  Crop crop;
  const auto choose = [&](int width, int height) {
    crop.box = io::random_resized_crop_box(width, height, {.scale_min = 0.08}, random);
    return crop.box;
  };
  const io::DecodeResult decoded = io::decode_and_crop(std::as_bytes(std::span(encoded)), choose,
                                                       {.height = kSide, .width = kSide});
  ARNO_CHECK(decoded.image, Errc::data_corrupt, "{}", decoded.fault.text);
  crop.flip = random.uniform() < 0.5 ? io::Flip::kHorizontal : io::Flip::kNone;
  const io::ResizeOptions options{.height = kSide,
                                  .width = kSide,
                                  .interpolation = io::Interpolation::kBicubic,
                                  .flip = crop.flip};
  io::resize_crop_normalize(*decoded.image, decoded.window, options, {}, out);
  return crop;
}

template <class Element>
std::vector<double> measure(const std::vector<std::string>& photos, uint64_t repeats) {
  std::vector<Element> out(kElements);
  std::vector<double> rates;
  for (uint64_t repeat = 0; repeat < repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < photos.size(); ++i) {
      load<Element>(photos[i], RandomKey(repeat).child(i), out);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    rates.push_back(static_cast<double>(photos.size()) / taken.count());
  }
  return rates;
}

void write_crops(const std::vector<std::string>& photos, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  std::vector<float> pixels(kElements);
  for (size_t i = 0; i < photos.size(); ++i) {
    const Crop crop = load<float>(photos[i], RandomKey(0).child(i), pixels);
    const int32_t header[] = {crop.box.x, crop.box.y, crop.box.width, crop.box.height,
                              crop.flip == io::Flip::kHorizontal};
    out.write(reinterpret_cast<const char*>(header), sizeof(header));
    out.write(reinterpret_cast<const char*>(pixels.data()), kElements * sizeof(float));
  }
  ARNO_CHECK(out.flush(), Errc::io_failed, "{}: cannot be written", path);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of the loader benchmark.");
  std::string folder;
  std::string crops;
  std::string dtype = "f32";
  uint64_t repeats = 3;
  app.add_option("folder", folder)->required();
  app.add_option("--repeats", repeats);
  app.add_option("--dtype", dtype)->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--crops", crops);
  CLI11_PARSE(app, argc, argv);
  try {
    const std::vector<std::string> photos = read_photos(folder);
    if (!crops.empty()) {
      write_crops(photos, crops);
      return 0;
    }
    const std::vector<double> rates =
        dtype == "f32" ? measure<float>(photos, repeats) : measure<ops::BFloat16>(photos, repeats);
    fmt::print("{{\"rates\": [{}]}}\n", fmt::join(rates, ", "));
  } catch (const std::exception& error) {
    fmt::print(stderr, "loader: {}\n", error.what());
    return 1;
  }
  return 0;
}

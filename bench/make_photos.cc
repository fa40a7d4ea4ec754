// SPDX-License-Identifier: Apache-2.0

// Writes JPEG files that cost as much to decode as photographs: areas with sharp edges, each with
// its own colour, shading and texture at all scales, and the grain of a sensor.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "common/error.h"
#include "common/random.h"
#include "io/image/encode.h"

namespace {

using arno::Random;
using arno::RandomKey;

/// Smooth noise of many octaves in about [-1, 1]; each octave adds detail of half the size.
class Texture {
 public:
  Texture(RandomKey key, double coarsest, double roughness)
      : key_(key), coarsest_(coarsest), roughness_(roughness) {}

  double at(double x, double y) const {
    double sum = 0;
    double amplitude = 1;
    uint64_t octave = 0;
    for (double scale = coarsest_; scale >= 2; scale /= 2) {
      sum += amplitude * octave_at(key_.child(octave++), x / scale, y / scale);
      amplitude *= roughness_;
    }
    return sum;
  }

 private:
  static double corner(RandomKey key, int64_t x, int64_t y) {
    const uint64_t cell = static_cast<uint64_t>(y) << 32 | static_cast<uint32_t>(x);
    return static_cast<double>(key.child(cell).value() >> 11) * 0x1.0p-52 - 1;
  }

  static double octave_at(RandomKey key, double x, double y) {
    const double left = std::floor(x);
    const double top = std::floor(y);
    const auto smooth = [](double t) { return t * t * (3 - 2 * t); };
    const double u = smooth(x - left);
    const auto row = [&](int64_t at) {
      const auto column = static_cast<int64_t>(left);
      return std::lerp(corner(key, column, at), corner(key, column + 1, at), u);
    };
    const auto line = static_cast<int64_t>(top);
    return std::lerp(row(line), row(line + 1), smooth(y - top));
  }

  RandomKey key_;
  double coarsest_;
  double roughness_;
};

/// An ellipse of one material, lit from one side.
struct Patch {
  double x, y, width, height;
  double light_x, light_y;  ///< change of brightness a pixel
  double contrast;          ///< of the texture
  std::array<double, 3> color;
  Texture texture;

  bool covers(double px, double py) const {
    return std::hypot((px - x) / width, (py - y) / height) < 1;
  }
};

Patch random_patch(RandomKey key, double width, double height, bool background) {
  Random random(key);
  const auto size = [&](double side) {
    return background ? 4 * side : side * random.uniform(0.05, 0.4);
  };
  return {.x = random.uniform(0, width),
          .y = random.uniform(0, height),
          .width = size(width),
          .height = size(height),
          .light_x = random.uniform(-0.1, 0.1),
          .light_y = random.uniform(-0.1, 0.1),
          .contrast = random.uniform(10, 60),
          .color = {random.uniform(40, 215), random.uniform(40, 215), random.uniform(40, 215)},
          .texture = Texture(key.child(1), random.uniform(16, 128), random.uniform(0.5, 0.85))};
}

std::vector<Patch> random_patches(RandomKey key, int width, int height) {
  constexpr uint64_t kPatches = 24;
  std::vector<Patch> out;
  for (uint64_t i = 0; i < kPatches; ++i) {
    out.push_back(random_patch(key.child(i), width, height, i == 0));
  }
  return out;
}

arno::io::Image make_photo(RandomKey key, int width, int height) {
  constexpr double kGrain = 4;
  const std::vector<Patch> patches = random_patches(key.child(0), width, height);
  Random grain(key.child(1));
  arno::io::Image image = arno::io::Image::zeros(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto top = std::find_if(patches.rbegin(), patches.rend() - 1,
                                    [&](const Patch& patch) { return patch.covers(x, y); });
      const double light = (x - top->x) * top->light_x + (y - top->y) * top->light_y +
                           top->contrast * top->texture.at(x, y);
      for (int channel = 0; channel < 3; ++channel) {
        const double value = top->color[channel] + light + kGrain * grain.normal();
        image.row(y)[3 * x + channel] = static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
  }
  return image;
}

void write_photos(const std::filesystem::path& folder, uint64_t count) {
  constexpr std::array<std::array<int, 2>, 4> kSizes{
      {{500, 375}, {375, 500}, {640, 480}, {512, 384}}};
  constexpr int kQuality = 90;
  std::filesystem::create_directories(folder);
  for (uint64_t i = 0; i < count; ++i) {
    const auto [width, height] = kSizes[i % kSizes.size()];
    const auto bytes = arno::io::encode_jpeg(make_photo(RandomKey(i), width, height), kQuality);
    const auto path = folder / fmt::format("photo_{:03}.jpg", i);
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    ARNO_CHECK(out.flush(), arno::Errc::io_failed, "{}: cannot be written", path.string());
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes photograph-like JPEG files, always the same ones.");
  std::string folder;
  uint64_t count = 64;
  app.add_option("folder", folder)->required();
  app.add_option("--count", count);
  CLI11_PARSE(app, argc, argv);
  try {
    write_photos(folder, count);
  } catch (const std::exception& error) {
    fmt::print(stderr, "make_photos: {}\n", error.what());
    return 1;
  }
  return 0;
}

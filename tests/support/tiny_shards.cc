// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tiny_shards.h"

#include <fmt/format.h>

#include "io/image/encode.h"

namespace arno::testing {
namespace {

io::Image picture(int number, int side) {
  io::Image image = io::Image::zeros(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(number * 37 + 3 * x);
      pixel[1] = static_cast<uint8_t>(number * 91 + 2 * y);
      pixel[2] = static_cast<uint8_t>((x / (1 + number % 7) + y) % 2 * 200);
    }
  }
  return image;
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string big_endian(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

}  // namespace

std::string tiny_png(int number, int side) {
  return text_of(io::encode_png(picture(number, side)));
}

std::string tiny_jpeg(int number, int side) {
  return text_of(io::encode_jpeg(picture(number, side), 90));
}

std::string png_header(uint32_t width, uint32_t height) {
  // Signature, length and type of the header as in any PNG; 8-bit RGB; the checksum is wrong.
  return tiny_png(0).substr(0, 16) + big_endian(width) + big_endian(height) +
         std::string("\x08\x02\0\0\0\0\0\0\0", 9);
}

io::Members sample_members(const std::string& name, int number, const std::string& text) {
  return {{name + ".png", tiny_png(number)}, {name + ".txt", text}};
}

void write_tiny_shard(const std::filesystem::path& path, const std::vector<std::string>& texts) {
  io::Members members;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto number = static_cast<int>(i);
    for (auto& member : sample_members(fmt::format("{:04}", i), number, texts[i])) {
      members.push_back(std::move(member));
    }
  }
  io::write_tar(path, members);
}

std::vector<std::string> tiny_texts(int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    texts.push_back(i % 3 == 2 ? fmt::format("a striped square with number {} on it", i)
                               : fmt::format("thing{}", i % 10));
  }
  return texts;
}

}  // namespace arno::testing

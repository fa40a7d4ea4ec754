// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/idx.h"

#include <algorithm>
#include <array>

#include "common/error.h"

namespace arno::io::detail {
namespace {

constexpr char kUnsignedByte = 8;

int64_t read_size(std::string_view bytes, size_t offset) {
  int64_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<uint8_t>(bytes[offset + i]);
  return value;
}

}  // namespace

IdxArray parse_idx(std::string_view bytes, size_t dimensions, std::string_view file) {
  const size_t header = 4 + 4 * dimensions;
  ARNO_CHECK(bytes.size() >= header, Errc::data_corrupt,
             "[import] {}: {} bytes, expected an IDX header of {}", file, bytes.size(), header);
  const std::array<char, 4> magic = {0, 0, kUnsignedByte, static_cast<char>(dimensions)};
  ARNO_CHECK(std::equal(magic.begin(), magic.end(), bytes.begin()), Errc::data_corrupt,
             "[import] {}: not an IDX file of unsigned bytes with {} dimensions", file, dimensions);

  IdxArray array;
  uint64_t count = 1;
  const uint64_t left = bytes.size() - header;
  for (size_t i = 0; i < dimensions; ++i) {
    array.shape.push_back(read_size(bytes, 4 + 4 * i));
    const auto size = static_cast<uint64_t>(array.shape.back());
    ARNO_CHECK(size >= 1 && count <= left / size, Errc::data_corrupt,
               "[import] {}: dimension {} is {}, but only {} bytes of values follow", file, i, size,
               left);
    count *= size;
  }
  ARNO_CHECK(count == left, Errc::data_corrupt, "[import] {}: {} values, expected {}", file, left,
             count);
  array.values = bytes.substr(header);
  return array;
}

}  // namespace arno::io::detail

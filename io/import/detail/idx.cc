// SPDX-License-Identifier: Apache-2.0
#include "io/import/detail/idx.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "common/error.h"

namespace arno::io::detail {
namespace {

constexpr char kUnsignedByte = 8;

int64_t read_size(std::string_view bytes, size_t offset) {
  int64_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<uint8_t>(bytes[offset + i]);
  return value;
}

/// inflateEnd however the scope ends.
class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream, MAX_WBITS + 16) == Z_OK; }  // + 16: gzip header
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) inflateEnd(&stream);
  }
  bool ready() const { return ready_; }

  z_stream stream = {};

 private:
  bool ready_ = false;
};

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

std::string gunzip(std::string_view bytes, size_t max_bytes, std::string_view file) {
  ARNO_CHECK(bytes.size() <= std::numeric_limits<uInt>::max(), Errc::data_corrupt,
             "[import] {}: {} bytes, too large to unpack", file, bytes.size());
  Inflater inflater;
  ARNO_CHECK(inflater.ready(), Errc::out_of_memory, "[import] zlib could not start");
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());

  std::string out;
  std::array<char, 1 << 16> chunk;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk.data(), chunk.size() - stream.avail_out);
    ARNO_CHECK(out.size() <= max_bytes, Errc::data_corrupt,
               "[import] {}: unpacks to more than {} bytes", file, max_bytes);
  }
  ARNO_CHECK(status == Z_STREAM_END, Errc::data_corrupt,
             "[import] {}: damaged or truncated gzip data (zlib status {})", file, status);
  return out;
}

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#include "io/detail/gunzip.h"

#include <zlib.h>

#include <limits>
#include <vector>

#include "common/error.h"

namespace arno::io::detail {
namespace {

/// Owns zlib's state.
struct Inflater {
  z_stream stream{};

  Inflater() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    ARNO_CHECK(inflateInit2(&stream, kGzipOnly) == Z_OK, Errc::library_failed,
               "[gunzip] zlib could not start");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

}  // namespace

std::string gunzip(std::string_view compressed, size_t max_bytes, std::string_view name) {
  ARNO_CHECK(compressed.size() <= std::numeric_limits<uInt>::max(), Errc::data_corrupt,
             "[gunzip] '{}' is too large", name);
  Inflater inflater;
  z_stream& stream = inflater.stream;
  // zlib reads through a pointer that is not const, and does not write.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());

  std::vector<char> buffer(1 << 16);
  std::string out;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    status = inflate(&stream, Z_NO_FLUSH);
    ARNO_CHECK(status == Z_OK || status == Z_STREAM_END, Errc::data_corrupt,
               "[gunzip] '{}' is not a complete gzip file ({} after {} bytes)", name,
               stream.msg != nullptr ? stream.msg : "it ends", out.size());
    const size_t got = buffer.size() - stream.avail_out;
    ARNO_CHECK(got <= max_bytes - out.size(), Errc::data_corrupt,
               "[gunzip] '{}' unpacks to more than {} bytes, the most expected of such a file",
               name, max_bytes);
    out.append(buffer.data(), got);
  }
  ARNO_CHECK(stream.avail_in == 0, Errc::data_corrupt,
             "[gunzip] '{}' has {} bytes after the end of the gzip data", name, stream.avail_in);
  return out;
}

}  // namespace arno::io::detail

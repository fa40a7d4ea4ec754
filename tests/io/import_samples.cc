// SPDX-License-Identifier: Apache-2.0
#include "tests/io/import_samples.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "io/byte_source.h"
#include "io/image/encode.h"
#include "io/tar_reader.h"

namespace arno::io {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "arno-import-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() { fs::remove_all(path_); }

void write_sample_file(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_sample_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, std::string> read_tar(const fs::path& path) {
  const std::string bytes = read_sample_file(path);
  TarReader reader(open_file(path));
  std::map<std::string, std::string> members;
  while (const auto member = reader.next()) {
    members[member->name] = bytes.substr(member->offset, member->size);
  }
  if (reader.fault()) throw std::runtime_error(reader.fault()->text);
  return members;
}

std::string gzip(std::string_view bytes) {
  z_stream stream = {};
  if (deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib could not start");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string square_png(const SquareOptions& options) {
  Image image = Image::zeros(options.height, options.width);
  std::fill(image.pixels.begin(), image.pixels.end(), uint8_t{255});
  for (int y = options.y; y < options.y + options.side; ++y) {
    std::fill_n(image.row(y) + 3 * options.x, 3 * options.side, uint8_t{40});
  }
  const std::vector<std::byte> png = encode_png(image);
  return {reinterpret_cast<const char*>(png.data()), png.size()};
}

std::string clipart_svg(const ClipartSample& sample) {
  std::string keywords;
  for (const std::string& keyword : sample.keywords) {
    keywords += "<rdf:li>" + keyword + "</rdf:li>\n";
  }
  return fmt::format(R"(<?xml version="1.0"?>
<!DOCTYPE svg [ <!ENTITY ns "http://x/"> ]>
<svg width="10" height="10"><!-- <dc:title>not this</dc:title> -->
<metadata><rdf:RDF><cc:Work rdf:about="">
<dc:publisher><cc:Agent><dc:title>Open Clip Art Library</dc:title></cc:Agent></dc:publisher>
<dc:title>{}</dc:title><dc:description></dc:description>
<dc:subject><rdf:Bag>{}</rdf:Bag></dc:subject>
<dc:creator><cc:Agent><dc:title>{}</dc:title></cc:Agent></dc:creator>
<cc:license rdf:resource="{}"/></cc:Work></rdf:RDF></metadata>
<title>nor this</title><path d="M0 0"/></svg>)",
                     sample.title, keywords, sample.author, sample.licence);
}

}  // namespace arno::io

// SPDX-License-Identifier: Apache-2.0
#include "tests/io/shard_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <numeric>
#include <sstream>

#include "common/error.h"
#include "io/tar_writer.h"

namespace arno::io {

TemporaryFolder::TemporaryFolder() {
  std::string name = testing::TempDir() + "arno-shards-XXXXXX";
  ARNO_CHECK(mkdtemp(name.data()) != nullptr, Errc::io_failed, "cannot make '{}'", name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

void write_tar(const std::filesystem::path& path, const Members& members) {
  TarWriter tar(path);
  for (const auto& [name, text] : members) tar.add(name, text);
  tar.finish();
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string tar_bytes(const Members& members) {
  const TemporaryFolder folder;
  write_tar(folder / "a.tar", members);
  return read_text(folder / "a.tar");
}

std::string raw_header(std::string_view name, std::string_view size_field, char type) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(124, size_field.size(), size_field);
  block.replace(148, 8, 8, ' ');
  block[156] = type;
  block.replace(257, 5, "ustar");
  block.replace(263, 2, "00");
  const int sum = std::accumulate(block.begin(), block.end(), 0,
                                  [](int s, char c) { return s + static_cast<uint8_t>(c); });
  block.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return block;
}

std::shared_ptr<const ByteSource> source_of(const std::string& text) {
  return view_bytes(std::as_bytes(std::span(text)));
}

}  // namespace arno::io

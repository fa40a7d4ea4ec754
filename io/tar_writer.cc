// SPDX-License-Identifier: Apache-2.0
#include "io/tar_writer.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "common/error.h"
#include "io/detail/tar_format.h"

namespace arno::io {
namespace {

using detail::kTarBlock;

/// A pax record counts its own length: "23 path=some/long/name\n".
std::string pax_record(std::string_view key, std::string_view value) {
  const size_t content = key.size() + value.size() + 3;  // ' ', '=', newline
  size_t length = content + std::to_string(content).size();
  length = content + std::to_string(length).size();
  return fmt::format("{} {}={}\n", length, key, value);
}

}  // namespace

void TarWriter::add(std::string_view name, std::span<const std::byte> bytes) {
  ARNO_CHECK(!name.empty() && name.find('\0') == std::string_view::npos, Errc::invalid_argument,
             "[tar_writer] found the member name \"{}\", expected a file name", name);
  if (name.size() > detail::kTarNameSize) {
    const std::string record = pax_record("path", name);
    add_header("pax", record.size(), 'x');
    add_body(std::as_bytes(std::span(record)));
  }
  add_header(name.substr(0, detail::kTarNameSize), bytes.size(), '0');
  add_body(bytes);
}

void TarWriter::add(std::string_view name, std::string_view text) {
  add(name, std::as_bytes(std::span(text)));
}

void TarWriter::finish() {
  const std::array<std::byte, 2 * kTarBlock> end{};
  file_.append(end);
  file_.commit();
}

void TarWriter::add_header(std::string_view name, uint64_t size, char type) {
  std::array<char, kTarBlock> block{};
  const auto put = [&](size_t at, std::string_view text) {
    std::ranges::copy(text, block.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(detail::kTarSizeAt, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(detail::kTarChecksumAt, "        ");
  block[detail::kTarTypeAt] = type;
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  const unsigned sum = std::accumulate(block.begin(), block.end(), 0U, [](unsigned total, char c) {
    return total + static_cast<unsigned char>(c);
  });
  put(detail::kTarChecksumAt, fmt::format("{:06o}", sum));
  block[detail::kTarChecksumAt + 6] = '\0';
  file_.append(std::as_bytes(std::span(block)));
}

void TarWriter::add_body(std::span<const std::byte> bytes) {
  file_.append(bytes);
  const std::array<std::byte, kTarBlock> padding{};
  const size_t rest = bytes.size() % kTarBlock;
  if (rest != 0) file_.append(std::span(padding).first(kTarBlock - rest));
}

}  // namespace arno::io

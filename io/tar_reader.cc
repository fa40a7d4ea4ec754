// SPDX-License-Identifier: Apache-2.0
#include "io/tar_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "io/detail/tar_format.h"

namespace arno::io {
namespace {

using detail::kTarBlock;

// An extension header holds a name and some attributes.
constexpr uint64_t kMaxExtension = 1 << 20;
constexpr uint64_t kMaxSize = uint64_t{1} << 62;

using BlockBytes = std::array<char, kTarBlock>;

std::string_view field(const BlockBytes& block, size_t at, size_t size) {
  const std::string_view bytes(block.data() + at, size);
  return bytes.substr(0, std::min(bytes.find('\0'), size));
}

/// Octal digits between spaces, or big-endian binary with the first bit set.
std::optional<uint64_t> parse_number(const BlockBytes& block, size_t at, size_t size) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(block.data()) + at;
  if ((bytes[0] & 0x80) != 0) {
    if (bytes[0] != 0x80) return std::nullopt;  // negative, or beyond 2^88
    uint64_t value = 0;
    for (size_t i = 1; i < size; ++i) {
      if (value >= kMaxSize >> 8) return std::nullopt;
      value = value << 8 | bytes[i];
    }
    return value;
  }
  std::string_view digits = field(block, at, size);
  while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
  while (!digits.empty() && digits.back() == ' ') digits.remove_suffix(1);
  uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '7' || value >= kMaxSize >> 3) return std::nullopt;
    value = value << 3 | static_cast<uint64_t>(c - '0');
  }
  return digits.empty() ? std::nullopt : std::optional(value);
}

bool checksum_holds(const BlockBytes& block) {
  const auto stored = parse_number(block, detail::kTarChecksumAt, detail::kTarChecksumSize);
  unsigned sum = ' ' * detail::kTarChecksumSize;
  for (size_t i = 0; i < kTarBlock; ++i) {
    const bool own =
        i >= detail::kTarChecksumAt && i < detail::kTarChecksumAt + detail::kTarChecksumSize;
    if (!own) sum += static_cast<unsigned char>(block[i]);
  }
  return stored && *stored == sum;
}

std::string name_of(const BlockBytes& block) {
  std::string name(field(block, 0, detail::kTarNameSize));
  // Only POSIX headers have a prefix; GNU's ("ustar  ") use the bytes otherwise.
  if (field(block, detail::kTarMagicAt, 6) == "ustar") {
    const std::string_view prefix = field(block, detail::kTarPrefixAt, detail::kTarPrefixSize);
    if (!prefix.empty()) name = fmt::format("{}/{}", prefix, name);
  }
  return name;
}

uint64_t padded(uint64_t size) { return (size + kTarBlock - 1) / kTarBlock * kTarBlock; }

}  // namespace

struct TarReader::Header {
  uint64_t at = 0;
  char type = '0';
  std::string name;
  uint64_t size = 0;
};

std::nullopt_t TarReader::stop(std::string cause, std::string text) {
  fault_ = {std::move(cause), position_, std::move(text)};
  return std::nullopt;
}

std::optional<TarReader::Header> TarReader::read_header() {
  if (position_ == source_->size()) {
    if (position_ == 0) return std::nullopt;
    return stop("tar_no_end", fmt::format("the file ends at byte {} without an end mark: it may "
                                          "have been cut there",
                                          position_));
  }
  BlockBytes block;
  if (source_->read_at(position_, std::as_writable_bytes(std::span(block))) < kTarBlock) {
    return stop("tar_truncated",
                fmt::format("the file ends inside a header at byte {}", position_));
  }
  if (std::ranges::all_of(block, [](char c) { return c == '\0'; })) return std::nullopt;
  if (!checksum_holds(block)) {
    return stop("tar_checksum",
                fmt::format("the header at byte {} has a wrong checksum", position_));
  }
  const auto size = parse_number(block, detail::kTarSizeAt, detail::kTarSizeSize);
  if (!size) {
    return stop("tar_header", fmt::format("the header at byte {} has no valid size", position_));
  }
  return Header{position_, block[detail::kTarTypeAt], name_of(block), *size};
}

bool TarReader::apply_pax(const std::string& records) {
  std::string_view rest = records;
  while (!rest.empty() && rest.front() != '\0') {
    size_t length = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<size_t>(parsed.ptr - rest.data());
    if (parsed.ec != std::errc() || length > rest.size() || length < digits + 3 ||
        rest[digits] != ' ' || rest[length - 1] != '\n') {
      return false;
    }
    const std::string_view record = rest.substr(digits + 1, length - digits - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view value = record.substr(equals + 1);
    if (record.substr(0, equals) == "path") long_name_ = std::string(value);
    if (record.substr(0, equals) == "size") {
      uint64_t size = 0;
      const auto number = std::from_chars(value.data(), value.data() + value.size(), size);
      if (number.ec != std::errc() || size > kMaxSize) return false;
      long_size_ = size;
    }
    rest.remove_prefix(length);
  }
  return true;
}

bool TarReader::read_extension(const Header& header) {
  std::string body(std::min(header.size, kMaxExtension), '\0');
  const bool whole = header.size <= kMaxExtension &&
                     source_->read_at(header.at + kTarBlock,
                                      std::as_writable_bytes(std::span(body))) == body.size();
  if (!whole) {
    stop("tar_truncated",
         fmt::format("the extension header at byte {} is cut short or too long", header.at));
    return false;
  }
  if (header.type == 'L') long_name_ = body.substr(0, body.find('\0'));
  if (header.type == 'x' && !apply_pax(body)) {
    stop("tar_header", fmt::format("the pax header at byte {} is malformed", header.at));
    return false;
  }
  position_ += kTarBlock + padded(header.size);
  return true;
}

std::optional<TarMember> TarReader::next() {
  while (!fault_) {
    const auto header = read_header();
    if (!header) return std::nullopt;
    if (std::string_view("xgLK").find(header->type) != std::string_view::npos) {
      if (!read_extension(*header)) return std::nullopt;
      continue;
    }
    const bool regular = header->type == '0' || header->type == '\0' || header->type == '7';
    TarMember member{.name = long_name_.value_or(header->name),
                     .offset = header->at + kTarBlock,
                     .size = long_size_.value_or(header->size)};
    long_name_.reset();
    long_size_.reset();
    const uint64_t left = source_->size() - std::min(source_->size(), member.offset);
    if (member.size > left) {
      return stop("tar_truncated",
                  fmt::format("\"{}\" at byte {} has {} bytes, the file has {} left",
                              member.name.substr(0, 200), header->at, member.size, left));
    }
    position_ = std::min(member.offset + padded(member.size), source_->size());
    if (regular && !member.name.empty()) return member;
  }
  return std::nullopt;
}

}  // namespace arno::io

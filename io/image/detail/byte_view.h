// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace arno::io::detail {

/// Reads integers at checked places of foreign bytes; past the end there is nothing.
class ByteView {
 public:
  explicit ByteView(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size(); }
  bool has(size_t at, size_t count) const { return at <= size() && count <= size() - at; }

  /// `count` <= 4 bytes at `at`, the most significant first.
  std::optional<uint32_t> big(size_t at, size_t count) const {
    if (!has(at, count)) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | byte(at + i);
    return value;
  }
  /// `count` <= 4 bytes at `at`, the least significant first.
  std::optional<uint32_t> little(size_t at, size_t count) const {
    if (!has(at, count)) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | byte(at + i);
    return value;
  }
  bool matches(size_t at, std::string_view text) const {
    if (!has(at, text.size())) return false;
    for (size_t i = 0; i < text.size(); ++i) {
      if (byte(at + i) != static_cast<uint8_t>(text[i])) return false;
    }
    return true;
  }
  /// The bytes [at, at + count), cut at the end.
  ByteView part(size_t at, size_t count) const {
    at = std::min(at, size());
    return ByteView(bytes_.subspan(at, std::min(count, size() - at)));
  }
  /// at < size().
  uint8_t byte(size_t at) const { return static_cast<uint8_t>(bytes_[at]); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace arno::io::detail

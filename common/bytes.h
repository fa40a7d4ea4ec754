// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

// Numbers and texts as bytes, little-endian, without padding.
namespace arno {

static_assert(std::endian::native == std::endian::little, "bytes are written as they lie");

/// Writes values one after the other.
class ByteWriter {
 public:
  template <class T>
  requires std::integral<T> || std::floating_point<T>
  void number(T value) { raw(std::as_bytes(std::span(&value, 1))); }
  /// Its length as u32, then its bytes.
  void text(std::string_view value) {
    number(static_cast<uint32_t>(value.size()));
    raw(std::as_bytes(std::span(value)));
  }
  void raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads what a ByteWriter wrote. The bytes are foreign: every read is checked against their end,
/// and fails with data_corrupt, naming `what` and the place.
class ByteReader {
 public:
  /// `bytes` must outlive the reader; `what` names them in errors.
  ByteReader(std::span<const std::byte> bytes, std::string_view what)
      : bytes_(bytes), what_(what) {}

  template <class T>
  requires std::integral<T> || std::floating_point<T> T number() {
    T value;
    std::memcpy(&value, raw(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string text() {
    const auto bytes = raw(number<uint32_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// How many elements of at least `element_bytes` follow, as u32: never more than bytes are left
  /// for, so that a list of this length may be made.
  uint32_t count(size_t element_bytes) {
    const auto found = number<uint32_t>();
    ARNO_CHECK(found <= left() / element_bytes, Errc::data_corrupt,
               "{}: {} elements of {} bytes at byte {}, {} bytes are left", what_, found,
               element_bytes, at_, left());
    return found;
  }
  std::span<const std::byte> raw(size_t size) {
    ARNO_CHECK(size <= left(), Errc::data_corrupt,
               "{}: ends at byte {}, expected {} more from byte {}", what_, bytes_.size(), size,
               at_);
    const auto out = bytes_.subspan(at_, size);
    at_ += size;
    return out;
  }

  size_t left() const { return bytes_.size() - at_; }
  std::string_view what() const { return what_; }
  /// Fails when bytes are left.
  void finish() const {
    ARNO_CHECK(left() == 0, Errc::data_corrupt, "{}: ends at byte {}, expected its end at {}",
               what_, bytes_.size(), at_);
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view what_;
  size_t at_ = 0;
};

}  // namespace arno

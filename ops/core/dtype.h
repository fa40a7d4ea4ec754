// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/error.h"

namespace arno::ops {

/// bfloat16: the upper half of an IEEE binary32, rounded to nearest even.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  BFloat16(const BFloat16&) = default;
  // Written out because GCC 12 does not vectorise loops that copy a struct as a whole.
  BFloat16& operator=(const BFloat16& other) {  // NOLINT(modernize-use-equals-default)
    bits = other.bits;
    return *this;
  }
  BFloat16(float value) {  // NOLINT(google-explicit-constructor): arithmetic converts as float does
    const auto word = std::bit_cast<uint32_t>(value);
    const bool is_nan = (word & 0x7fffffffU) > 0x7f800000U;
    bits = is_nan ? static_cast<uint16_t>((word >> 16) | 0x40U)
                  : static_cast<uint16_t>((word + 0x7fffU + ((word >> 16) & 1U)) >> 16);
  }
  operator float() const {  // NOLINT(google-explicit-constructor)
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
};

/// Element types of a tensor. f64 exists for gradient checks against finite differences.
enum class DType : uint8_t { f64, f32, bf16, i64, i32, u8 };

std::string_view to_string(DType dtype);
size_t size_of(DType dtype);
inline bool is_floating(DType dtype) { return dtype <= DType::bf16; }

template <class T>
struct TypeTag {
  using type = T;
};

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<BFloat16>() {
  return DType::bf16;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::i64;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::u8;
}

/// The type in which sums over T are kept: double for double, else float.
template <class T>
struct Accumulator {
  using type = float;
};
template <>
struct Accumulator<double> {
  using type = double;
};
template <class T>
using AccumulatorOf = typename Accumulator<T>::type;

/// Calls `visitor(TypeTag<T>{})` with the C++ type of a floating dtype; throws dtype_mismatch for
/// the others.
template <class Visitor>
decltype(auto) visit_float(DType dtype, Visitor&& visitor) {
  switch (dtype) {
    case DType::f64:
      return visitor(TypeTag<double>{});
    case DType::f32:
      return visitor(TypeTag<float>{});
    case DType::bf16:
      return visitor(TypeTag<BFloat16>{});
    default:
      fail(Errc::dtype_mismatch, "found {}, expected f64, f32 or bf16", to_string(dtype));
  }
}

}  // namespace arno::ops

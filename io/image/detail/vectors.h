// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX512BW__
#include <immintrin.h>
#endif

// Vectors that GCC and Clang keep in registers, of any processor.
namespace arno::io::detail {

typedef uint8_t Byte16 __attribute__((vector_size(16)));
typedef uint8_t Byte32 __attribute__((vector_size(32)));
typedef uint16_t Half16 __attribute__((vector_size(32)));
typedef int32_t Int16 __attribute__((vector_size(64)));
typedef uint32_t Word16 __attribute__((vector_size(64)));
typedef float Float4 __attribute__((vector_size(16)));
typedef float Float16 __attribute__((vector_size(64)));

/// The vector at any address.
template <class Vector>
Vector load(const void* source) {
  Vector value;
  std::memcpy(&value, source, sizeof(value));
  return value;
}

/// Writes a vector to any address.
template <class Vector>
void store(void* target, const Vector& value) {
  std::memcpy(target, &value, sizeof(value));
}

/// Two numbers of 16 bits in each lane, the first in the lower half.
inline int32_t pair_of(int16_t first, int16_t second) {
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint16_t>(second)) << 16 |
                              static_cast<uint16_t>(first));
}

/// total + a.first * b.first + a.second * b.second, in each lane of pairs.
inline Int16 add_products(Int16 total, Int16 a, int32_t b) {
#ifdef __AVX512BW__
  const auto products = _mm512_madd_epi16(reinterpret_cast<__m512i>(a), _mm512_set1_epi32(b));
  return total + reinterpret_cast<Int16>(products);
#else
  // The second of `a` is a pixel: never negative.
  return total + (a & 0xffff) * static_cast<int16_t>(b) + (a >> 16) * (b >> 16);
#endif
}

}  // namespace arno::io::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace arno {

/// Mixes 64 bits so that every output bit depends on every input bit (the finaliser of
/// SplitMix64: Steele, Lea, Flood 2014).
constexpr uint64_t mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Names one random stream. A key is derived from (seed, epoch, index, ...) by child(), so that a
/// draw depends on what it is for and never on timing or on the number of workers.
class RandomKey {
 public:
  constexpr explicit RandomKey(uint64_t value = 0) : value_(value) {}

  constexpr RandomKey child(uint64_t index) const {
    return RandomKey(mix64(value_ + 0x9e3779b97f4a7c15ULL * (index + 1)));
  }
  constexpr uint64_t value() const { return value_; }

 private:
  uint64_t value_;
};

/// A stream of random numbers: SplitMix64 started at the key. The same on every machine.
class Random {
 public:
  explicit Random(RandomKey key) : state_(key.value()) {}

  uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15ULL); }

  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform in [0, n); n >= 1.
  uint64_t below(uint64_t n) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
  }

  /// Standard normal (Box and Muller 1958, the cosine branch).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  uint64_t state_;
};

}  // namespace arno

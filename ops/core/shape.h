// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace arno::ops {

/// The extents of a tensor, outermost first; at most six, each >= 0. [] is a scalar.
class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims)  // NOLINT(google-explicit-constructor)
      : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
  /// Throws invalid_argument for more than kMaxRank extents or a negative one.
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  /// Extent `i`; negative counts from the last. Throws invalid_argument when out of range.
  int64_t operator[](int i) const;
  /// Product of the extents; 1 for a scalar.
  int64_t numel() const;
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }

  /// This shape with extent `i` replaced.
  Shape with(int i, int64_t extent) const;

  bool operator==(const Shape& other) const = default;
  /// "[8, 197, 768]".
  std::string to_string() const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

}  // namespace arno::ops

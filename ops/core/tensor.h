// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ops/core/allocator.h"
#include "ops/core/device.h"
#include "ops/core/dtype.h"
#include "ops/core/shape.h"

namespace arno::ops {

/// A dense, contiguous, row-major array. A cheap handle: copies share the elements.
///
/// Images are laid out [B, H, W, C]; token grids [B, H, W, C]; packed texts [T, C].
class Tensor {
 public:
  /// The undefined tensor.
  Tensor() = default;

  /// Elements not initialised. Throws out_of_memory.
  static Tensor empty(const Shape& shape, DType dtype, Device device = {});
  static Tensor zeros(const Shape& shape, DType dtype, Device device = {});
  /// Every element `value`, converted to dtype.
  static Tensor full(const Shape& shape, DType dtype, double value, Device device = {});
  /// A CPU tensor with a copy of the values. Throws shape_mismatch when the count differs.
  template <class T>
  static Tensor from(const Shape& shape, std::span<const T> values);
  template <class T>
  static Tensor from(const Shape& shape, const std::vector<T>& values) {
    return from(shape, std::span<const T>(values));
  }

  /// CPU elements that somebody else owns and nobody writes, for as long as the tensor lives.
  /// Throws invalid_argument unless they are aligned for the dtype and as many as the shape says.
  static Tensor view(std::shared_ptr<const void> owner, std::span<const std::byte> elements,
                     const Shape& shape, DType dtype);

  bool defined() const { return block_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int i) const { return shape_[i]; }
  int64_t numel() const { return shape_.numel(); }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }
  size_t size_bytes() const { return static_cast<size_t>(numel()) * size_of(dtype_); }

  /// The elements. Throws dtype_mismatch when T is not the tensor's type.
  template <class T>
  std::span<const T> data() const {
    check_type(dtype_of<T>());
    return {reinterpret_cast<const T*>(raw()), static_cast<size_t>(numel())};
  }
  template <class T>
  std::span<T> mutable_data() {
    check_type(dtype_of<T>());
    return {reinterpret_cast<T*>(mutable_raw()), static_cast<size_t>(numel())};
  }
  const std::byte* raw() const { return block_.get() + offset_; }
  std::byte* mutable_raw() { return block_.get() + offset_; }

  /// The same elements under another shape of the same size. Shares. Throws shape_mismatch.
  Tensor reshape(const Shape& shape) const;
  /// Elements [start, start + length) of the first dimension. Shares. Throws invalid_argument.
  Tensor narrow(int64_t start, int64_t length) const;
  /// A copy.
  Tensor clone() const;
  /// Converted to another floating dtype (this handle when it has it already).
  Tensor to(DType dtype) const;
  /// Overwrites the elements with those of a tensor of the same shape, converted to this dtype.
  void copy_from(const Tensor& source);
  /// Whether both handles share memory.
  bool shares_with(const Tensor& other) const { return block_ == other.block_; }

  /// "f32[8, 197, 768]".
  std::string describe() const;

 private:
  void check_type(DType wanted) const;

  Block block_;
  size_t offset_ = 0;
  Shape shape_;
  DType dtype_ = DType::f32;
  Device device_;
};

template <class T>
Tensor Tensor::from(const Shape& shape, std::span<const T> values) {
  Tensor out = empty(shape, dtype_of<T>());
  ARNO_CHECK(static_cast<int64_t>(values.size()) == shape.numel(), Errc::shape_mismatch,
             "[tensor] {} values for shape {}", values.size(), shape.to_string());
  std::copy(values.begin(), values.end(), out.mutable_data<T>().begin());
  return out;
}

/// Throws shape_mismatch "[op] name has shape got, expected wanted" unless they agree.
void check_shape(std::string_view op, std::string_view name, const Tensor& tensor,
                 const Shape& wanted);
/// Throws dtype_mismatch "[op] name has dtype got, expected wanted" unless they agree.
void check_dtype(std::string_view op, std::string_view name, const Tensor& tensor, DType wanted);

}  // namespace arno::ops

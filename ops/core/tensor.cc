// SPDX-License-Identifier: Apache-2.0
#include "ops/core/tensor.h"

#include <algorithm>
#include <cstring>

#include "ops/core/parallel.h"

namespace arno::ops {
namespace {

constexpr int64_t kConvertGrain = 1 << 15;  // elements

}  // namespace

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  Tensor out;
  out.shape_ = shape;
  out.dtype_ = dtype;
  out.device_ = device;
  out.block_ = allocator(device).allocate(out.size_bytes());
  return out;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  Tensor out = empty(shape, dtype, device);
  std::memset(out.mutable_raw(), 0, out.size_bytes());
  return out;
}

Tensor Tensor::full(const Shape& shape, DType dtype, double value, Device device) {
  Tensor out = empty(shape, dtype, device);
  visit_float(dtype, [&]<class T>(TypeTag<T>) {
    std::ranges::fill(out.mutable_data<T>(), static_cast<T>(value));
  });
  return out;
}

Tensor Tensor::view(std::shared_ptr<const void> owner, std::span<const std::byte> elements,
                    const Shape& shape, DType dtype) {
  Tensor out;
  out.shape_ = shape;
  out.dtype_ = dtype;
  ARNO_CHECK(elements.size() == out.size_bytes() && !elements.empty() &&
                 reinterpret_cast<uintptr_t>(elements.data()) % size_of(dtype) == 0,
             Errc::invalid_argument, "[tensor] view of {} bytes at {} as {}", elements.size(),
             fmt::ptr(elements.data()), out.describe());
  out.block_ = Block(std::const_pointer_cast<void>(std::move(owner)),
                     const_cast<std::byte*>(elements.data()));
  return out;
}

Tensor Tensor::reshape(const Shape& shape) const {
  ARNO_CHECK(shape.numel() == numel(), Errc::shape_mismatch, "[reshape] {} to {}",
             shape_.to_string(), shape.to_string());
  Tensor out = *this;
  out.shape_ = shape;
  return out;
}

Tensor Tensor::narrow(int64_t start, int64_t length) const {
  ARNO_CHECK(rank() > 0 && start >= 0 && length >= 0 && start + length <= dim(0),
             Errc::invalid_argument, "[narrow] {} rows from {} of {}", length, start,
             shape_.to_string());
  Tensor out = *this;
  const int64_t row = dim(0) == 0 ? 0 : numel() / dim(0);
  out.offset_ += static_cast<size_t>(start * row) * size_of(dtype_);
  out.shape_ = shape_.with(0, length);
  return out;
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  Tensor out = empty(shape_, dtype_, device_);
  std::memcpy(out.mutable_raw(), raw(), size_bytes());
  return out;
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_ || !defined()) return *this;
  Tensor out = empty(shape_, dtype, device_);
  out.copy_from(*this);
  return out;
}

void Tensor::copy_from(const Tensor& source) {
  check_shape("copy_from", "source", source, shape_);
  if (source.dtype() == dtype_) {
    std::memcpy(mutable_raw(), source.raw(), size_bytes());
    return;
  }
  visit_float(dtype_, [&]<class To>(TypeTag<To>) {
    visit_float(source.dtype(), [&]<class From>(TypeTag<From>) {
      const From* from = source.data<From>().data();
      To* to = mutable_data<To>().data();
      parallel_for(numel(), kConvertGrain, [=](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) {
          to[i] = static_cast<To>(static_cast<AccumulatorOf<To>>(from[i]));
        }
      });
    });
  });
}

std::string Tensor::describe() const {
  return defined() ? fmt::format("{}{}", ops::to_string(dtype_), shape_.to_string())
                   : "an undefined tensor";
}

void Tensor::check_type(DType wanted) const {
  ARNO_CHECK(dtype_ == wanted, Errc::dtype_mismatch, "[tensor] elements are {}, asked for {}",
             ops::to_string(dtype_), ops::to_string(wanted));
}

void check_shape(std::string_view op, std::string_view name, const Tensor& tensor,
                 const Shape& wanted) {
  ARNO_CHECK(tensor.shape() == wanted, Errc::shape_mismatch, "[{}] {} has shape {}, expected {}",
             op, name, tensor.shape().to_string(), wanted.to_string());
}

void check_dtype(std::string_view op, std::string_view name, const Tensor& tensor, DType wanted) {
  ARNO_CHECK(tensor.dtype() == wanted, Errc::dtype_mismatch, "[{}] {} has dtype {}, expected {}",
             op, name, to_string(tensor.dtype()), to_string(wanted));
}

}  // namespace arno::ops

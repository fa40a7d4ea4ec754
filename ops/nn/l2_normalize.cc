// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/l2_normalize.h"

#include <algorithm>
#include <cmath>

#include "ops/core/kernel.h"
#include "ops/core/parallel.h"
#include "ops/math/detail/gemm.h"
#include "ops/nn/detail/l2_normalize_kernels.h"

namespace arno::ops {

// Some hundred rows a step: the plain loop is fast enough.
namespace reference {

void l2_normalize_forward(const Tensor& x, Tensor& y, Tensor& rnorm) {
  const int64_t D = x.dim(1);
  visit_float(x.dtype(), [&]<class T>(TypeTag<T>) {
    using A = AccumulatorOf<T>;
    const T* from = x.data<T>().data();
    T* to = y.mutable_data<T>().data();
    A* inverse = rnorm.mutable_data<A>().data();
    parallel_for(x.dim(0), 64, [=](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        A sum = 0;
        for (int64_t d = 0; d < D; ++d) {
          const auto value = static_cast<A>(from[row * D + d]);
          sum += value * value;
        }
        inverse[row] = 1 / std::max(std::sqrt(sum), static_cast<A>(1e-12));
        for (int64_t d = 0; d < D; ++d) {
          to[row * D + d] = static_cast<T>(static_cast<A>(from[row * D + d]) * inverse[row]);
        }
      }
    });
  });
}

// grad_x = (grad_y - y <y, grad_y>) / ||x||
void l2_normalize_backward(const Tensor& y, const Tensor& rnorm, const Tensor& grad_y,
                           Tensor& grad_x) {
  const int64_t D = y.dim(1);
  visit_float(y.dtype(), [&]<class T>(TypeTag<T>) {
    using A = AccumulatorOf<T>;
    const T* unit = y.data<T>().data();
    const T* grad = grad_y.data<T>().data();
    const A* inverse = rnorm.data<A>().data();
    T* to = grad_x.mutable_data<T>().data();
    parallel_for(y.dim(0), 64, [=](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        A dot = 0;
        for (int64_t i = row * D; i < (row + 1) * D; ++i) {
          dot += static_cast<A>(unit[i]) * static_cast<A>(grad[i]);
        }
        for (int64_t i = row * D; i < (row + 1) * D; ++i) {
          to[i] = static_cast<T>((static_cast<A>(grad[i]) - static_cast<A>(unit[i]) * dot) *
                                 inverse[row]);
        }
      }
    });
  });
}

}  // namespace reference

namespace {

constexpr KernelSet<detail::L2NormalizeForward> kForward{
    "l2_normalize", reference::l2_normalize_forward, nullptr, cuda::l2_normalize_forward};
constexpr KernelSet<detail::L2NormalizeBackward> kBackward{
    "l2_normalize", reference::l2_normalize_backward, nullptr, cuda::l2_normalize_backward};

std::vector<OpSample> samples() {
  std::vector<OpSample> out;
  for (const Shape& shape : {Shape{3, 5}, Shape{130, 33}, Shape{0, 4}, Shape{1, 2}}) {
    out.push_back(
        {.name = shape.to_string(),
         .inputs =
             [shape](Random& random) { return std::vector<Tensor>{random_normal(shape, random)}; },
         .run = [](std::span<const Variable> in) { return l2_normalize(in[0]); }});
  }
  return out;
}

}  // namespace

Variable l2_normalize(const Variable& x) {
  ARNO_CHECK(x.shape().rank() == 2, Errc::shape_mismatch,
             "[l2_normalize] x has shape {}, expected [N, D]", x.shape().to_string());
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  Tensor rnorm = Tensor::empty({x.shape()[0]}, detail::accumulator_of(x.dtype()), x.device());
  kForward.select(x.device(), x.dtype())(x.value(), y, rnorm);
  return record(y, {x}, [y, rnorm](const Tensor& grad_y) {
    Tensor grad_x = Tensor::empty(y.shape(), y.dtype(), y.device());
    kBackward.select(y.device(), y.dtype())(y, rnorm, grad_y, grad_x);
    return std::vector<Tensor>{grad_x};
  });
}

const OpDef& l2_normalize_def() {
  static const OpDef def{"l2_normalize", "rows of length one", samples};
  return def;
}

}  // namespace arno::ops

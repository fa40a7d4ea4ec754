// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/mean_pool.h"

#include <algorithm>

#include "ops/core/kernel.h"
#include "ops/core/parallel.h"
#include "ops/nn/detail/mean_pool_kernels.h"

namespace arno::ops {

// Memory bounds both: the plain loop is the fast one.
namespace reference {

void mean_pool_forward(const Tensor& x, Tensor& y) {
  const int64_t B = x.dim(0), L = x.dim(1), C = x.dim(2);
  visit_float(x.dtype(), [&]<class T>(TypeTag<T>) {
    using A = AccumulatorOf<T>;
    const T* from = x.data<T>().data();
    T* to = y.mutable_data<T>().data();
    parallel_for(B, 1, [=](int64_t begin, int64_t end) {
      std::vector<A> sum(C);
      for (int64_t b = begin; b < end; ++b) {
        std::ranges::fill(sum, A{0});
        for (int64_t l = 0; l < L; ++l) {
          const T* row = from + (b * L + l) * C;
          for (int64_t c = 0; c < C; ++c) sum[c] += static_cast<A>(row[c]);
        }
        for (int64_t c = 0; c < C; ++c) to[b * C + c] = static_cast<T>(sum[c] / static_cast<A>(L));
      }
    });
  });
}

void mean_pool_backward(const Tensor& grad_y, Tensor& grad_x) {
  const int64_t B = grad_x.dim(0), L = grad_x.dim(1), C = grad_x.dim(2);
  visit_float(grad_x.dtype(), [&]<class T>(TypeTag<T>) {
    using A = AccumulatorOf<T>;
    const T* from = grad_y.data<T>().data();
    T* to = grad_x.mutable_data<T>().data();
    parallel_for(B * L, 64, [=](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* grad = from + row / L * C;
        for (int64_t c = 0; c < C; ++c) {
          to[row * C + c] = static_cast<T>(static_cast<A>(grad[c]) / static_cast<A>(L));
        }
      }
    });
  });
}

}  // namespace reference

namespace {

constexpr KernelSet<detail::MeanPoolForward> kForward{"mean_pool", reference::mean_pool_forward,
                                                      nullptr, cuda::mean_pool_forward};
constexpr KernelSet<detail::MeanPoolBackward> kBackward{"mean_pool", reference::mean_pool_backward,
                                                        nullptr, cuda::mean_pool_backward};

/// [B, L, C] with all middle extents in L.
Shape as_grid(const Shape& shape) {
  ARNO_CHECK(shape.rank() >= 3, Errc::shape_mismatch,
             "[mean_pool] x has shape {}, expected [B, ..., C]", shape.to_string());
  int64_t middle = 1;
  for (int i = 1; i + 1 < shape.rank(); ++i) middle *= shape[i];
  ARNO_CHECK(middle > 0, Errc::shape_mismatch, "[mean_pool] x has shape {}, nothing to average",
             shape.to_string());
  return {shape[0], middle, shape[-1]};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> out;
  for (const Shape& shape : {Shape{2, 3, 5}, Shape{3, 4, 4, 7}, Shape{1, 1, 1}, Shape{0, 2, 3}}) {
    out.push_back(
        {.name = shape.to_string(),
         .inputs =
             [shape](Random& random) { return std::vector<Tensor>{random_normal(shape, random)}; },
         .run = [](std::span<const Variable> in) { return mean_pool(in[0]); }});
  }
  return out;
}

}  // namespace

Variable mean_pool(const Variable& x) {
  const Shape grid = as_grid(x.shape());
  Tensor y = Tensor::empty({grid[0], grid[2]}, x.dtype(), x.device());
  kForward.select(x.device(), x.dtype())(x.value().reshape(grid), y);
  return record(std::move(y), {x}, [grid, shape = x.shape()](const Tensor& grad_y) {
    Tensor grad_x = Tensor::empty(grid, grad_y.dtype(), grad_y.device());
    kBackward.select(grad_y.device(), grad_y.dtype())(grad_y, grad_x);
    return std::vector<Tensor>{grad_x.reshape(shape)};
  });
}

const OpDef& mean_pool_def() {
  static const OpDef def{"mean_pool", "the mean over the tokens of each sample", samples};
  return def;
}

}  // namespace arno::ops

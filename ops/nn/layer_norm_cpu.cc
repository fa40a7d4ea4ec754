// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ops/core/parallel.h"
#include "ops/nn/detail/layer_norm_kernels.h"

namespace arno::ops {
namespace {

constexpr int64_t kGrainElements = 1 << 13;

/// The sums of one row, one element after the other.
struct PlainSums {
  template <class Sum, class Term>
  static Sum over(int64_t n, Term&& term) {
    Sum sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += term(i);
    return sum;
  }
};

/// The same in vector lanes.
struct VectorSums {
  template <class Sum, class Term>
  static Sum over(int64_t n, Term&& term) {
    Sum sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) sum += term(i);
    return sum;
  }
};

template <class Sums, class T>
void forward(detail::LayerNormForward& args) {
  using Sum = AccumulatorOf<T>;
  const int64_t rows = args.x.dim(0), C = args.x.dim(1);
  const Sum* weight = args.weight.data<Sum>().data();
  const Sum* bias = args.bias.data<Sum>().data();
  const T* all_x = args.x.data<T>().data();
  T* all_y = args.y.mutable_data<T>().data();
  Sum* means = args.mean.mutable_data<Sum>().data();
  Sum* rstds = args.rstd.mutable_data<Sum>().data();
  parallel_for(rows, kGrainElements / C, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* x = all_x + row * C;
      T* y = all_y + row * C;
      const auto at = [x](int64_t i) { return static_cast<Sum>(x[i]); };
      const Sum mean = Sums::template over<Sum>(C, at) / C;
      const Sum variance =
          Sums::template over<Sum>(C, [&](int64_t i) { return (at(i) - mean) * (at(i) - mean); }) /
          C;
      const Sum rstd = 1 / std::sqrt(variance + static_cast<Sum>(args.eps));
#pragma omp simd
      for (int64_t i = 0; i < C; ++i) {
        y[i] = static_cast<T>((static_cast<Sum>(x[i]) - mean) * rstd * weight[i] + bias[i]);
      }
      means[row] = mean;
      rstds[row] = rstd;
    }
  });
}

template <class T>
struct BackwardRow {
  using Sum = AccumulatorOf<T>;
  const T* x;
  const T* grad_y;
  Sum mean, rstd;

  Sum centred(int64_t i) const { return (static_cast<Sum>(x[i]) - mean) * rstd; }
  Sum grad(int64_t i) const { return static_cast<Sum>(grad_y[i]); }
};

/// Writes grad_x of one row and adds to the sums of grad_weight and grad_bias.
template <class Sums, class T, class Sum = AccumulatorOf<T>>
void backward_row(const BackwardRow<T>& row, int64_t C, const Sum* weight, T* grad_x,
                  Sum* grad_weight, Sum* grad_bias) {
  const Sum mean_g =
      Sums::template over<Sum>(C, [&](int64_t i) { return row.grad(i) * weight[i]; }) / C;
  const Sum mean_gh = Sums::template over<Sum>(
                          C, [&](int64_t i) { return row.grad(i) * weight[i] * row.centred(i); }) /
                      C;
#pragma omp simd
  for (int64_t i = 0; i < C; ++i) {
    const Sum grad = row.grad(i), h = row.centred(i);
    grad_x[i] = static_cast<T>(row.rstd * (grad * weight[i] - mean_g - h * mean_gh));
    grad_weight[i] += grad * h;
    grad_bias[i] += grad;
  }
}

template <class Sums, class T>
void backward(detail::LayerNormBackward& args) {
  using Sum = AccumulatorOf<T>;
  const int64_t rows = args.x.dim(0), C = args.x.dim(1);
  const T* x = args.x.data<T>().data();
  const T* grad_y = args.grad_y.data<T>().data();
  const Sum* weight = args.weight.data<Sum>().data();
  const Sum* mean = args.mean.data<Sum>().data();
  const Sum* rstd = args.rstd.data<Sum>().data();
  T* grad_x = args.grad_x.mutable_data<T>().data();
  Sum* sums = args.grad_parameters.mutable_data<Sum>().data();
  parallel_for(args.grad_parameters.dim(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      Sum* grad_weight = sums + block * 2 * C;
      std::fill_n(grad_weight, 2 * C, Sum{0});
      const int64_t first = block * detail::kLayerNormBlockRows;
      const int64_t last = std::min(rows, first + detail::kLayerNormBlockRows);
      for (int64_t row = first; row < last; ++row) {
        backward_row<Sums, T>({x + row * C, grad_y + row * C, mean[row], rstd[row]}, C, weight,
                              grad_x + row * C, grad_weight, grad_weight + C);
      }
    }
  });
}

}  // namespace

void reference::layer_norm_forward(detail::LayerNormForward& args) {
  visit_float(args.x.dtype(), [&]<class T>(TypeTag<T>) { forward<PlainSums, T>(args); });
}

void reference::layer_norm_backward(detail::LayerNormBackward& args) {
  visit_float(args.x.dtype(), [&]<class T>(TypeTag<T>) { backward<PlainSums, T>(args); });
}

void cpu::layer_norm_forward(detail::LayerNormForward& args) {
  visit_float(args.x.dtype(), [&]<class T>(TypeTag<T>) { forward<VectorSums, T>(args); });
}

void cpu::layer_norm_backward(detail::LayerNormBackward& args) {
  visit_float(args.x.dtype(), [&]<class T>(TypeTag<T>) { backward<VectorSums, T>(args); });
}

}  // namespace arno::ops

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ops/core/parallel.h"
#include "ops/nn/detail/conv2d_kernels.h"

namespace arno::ops::reference {
namespace {

using detail::Conv2dDims;

/// Calls visit(x pixel, window element) for every element of the window at (i, j) that lies
/// inside the image. Pixels count within the image, window elements within [kh, kw].
template <class Visit>
void for_each_tap(const Conv2dDims& d, int64_t i, int64_t j, Visit&& visit) {
  for (int64_t u = 0; u < d.kh; ++u) {
    for (int64_t v = 0; v < d.kw; ++v) {
      const int64_t row = i * d.stride + u - d.padding, col = j * d.stride + v - d.padding;
      if (row < 0 || row >= d.H || col < 0 || col >= d.W) continue;
      visit(row * d.W + col, u * d.kw + v);
    }
  }
}

template <class T>
void forward(detail::Conv2dForward& args) {
  using Sum = AccumulatorOf<T>;
  const Conv2dDims d = args.dims;
  const auto x = args.x.data<T>(), weight = args.weight.data<T>();
  const auto y = args.y.mutable_data<T>();
  const int64_t taps = d.kh * d.kw;
  parallel_for(d.B * d.Ho * d.Wo, 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const int64_t image = at / (d.Ho * d.Wo) * d.H * d.W;
      for (int64_t o = 0; o < d.O; ++o) {
        Sum sum = args.bias.defined() ? args.bias.data<Sum>()[o] : 0;
        for_each_tap(d, at / d.Wo % d.Ho, at % d.Wo, [&](int64_t pixel, int64_t tap) {
          for (int64_t c = 0; c < d.C; ++c) {
            sum += static_cast<Sum>(x[(image + pixel) * d.C + c]) *
                   static_cast<Sum>(weight[(o * d.C + c) * taps + tap]);
          }
        });
        y[at * d.O + o] = static_cast<T>(sum);
      }
    }
  });
}

template <class T>
void backward_data(detail::Conv2dBackwardData& args) {
  using Sum = AccumulatorOf<T>;
  const Conv2dDims d = args.dims;
  const auto grad_y = args.grad_y.data<T>(), weight = args.weight.data<T>();
  const int64_t taps = d.kh * d.kw;
  Tensor sums = Tensor::zeros(args.grad_x.shape(), dtype_of<Sum>());
  const auto grad_x = sums.mutable_data<Sum>();
  for (int64_t at = 0; at < d.B * d.Ho * d.Wo; ++at) {
    const int64_t image = at / (d.Ho * d.Wo) * d.H * d.W;
    for_each_tap(d, at / d.Wo % d.Ho, at % d.Wo, [&](int64_t pixel, int64_t tap) {
      for (int64_t c = 0; c < d.C; ++c) {
        for (int64_t o = 0; o < d.O; ++o) {
          grad_x[(image + pixel) * d.C + c] += static_cast<Sum>(grad_y[at * d.O + o]) *
                                               static_cast<Sum>(weight[(o * d.C + c) * taps + tap]);
        }
      }
    });
  }
  args.grad_x.copy_from(sums);
}

template <class T>
void backward_weights(detail::Conv2dBackwardWeights& args) {
  using Sum = AccumulatorOf<T>;
  const Conv2dDims d = args.dims;
  const auto x = args.x.data<T>(), grad_y = args.grad_y.data<T>();
  const auto grad_weight = args.grad_weight.mutable_data<Sum>();
  const int64_t taps = d.kh * d.kw;
  std::ranges::fill(grad_weight, Sum{0});
  for (int64_t at = 0; at < d.B * d.Ho * d.Wo; ++at) {
    const int64_t image = at / (d.Ho * d.Wo) * d.H * d.W;
    for_each_tap(d, at / d.Wo % d.Ho, at % d.Wo, [&](int64_t pixel, int64_t tap) {
      for (int64_t o = 0; o < d.O; ++o) {
        for (int64_t c = 0; c < d.C; ++c) {
          grad_weight[(o * d.C + c) * taps + tap] += static_cast<Sum>(grad_y[at * d.O + o]) *
                                                     static_cast<Sum>(x[(image + pixel) * d.C + c]);
        }
      }
    });
  }
}

}  // namespace

void conv2d_forward(detail::Conv2dForward& args) {
  visit_float(args.x.dtype(), [&]<class T>(TypeTag<T>) { forward<T>(args); });
}

void conv2d_backward_data(detail::Conv2dBackwardData& args) {
  visit_float(args.grad_y.dtype(), [&]<class T>(TypeTag<T>) { backward_data<T>(args); });
}

void conv2d_backward_weights(detail::Conv2dBackwardWeights& args) {
  visit_float(args.x.dtype(), [&]<class T>(TypeTag<T>) { backward_weights<T>(args); });
}

}  // namespace arno::ops::reference
